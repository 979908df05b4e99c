#!/usr/bin/env python3
"""Writes optimizers.h5: 50 steps of every optimizer by PyTorch, for tests/core/optimizer/optimizer_reference_test.cpp.

    python3 optimizers.py optimizers.h5        needs torch, h5py

136 weights, of which the middle block of 64 has no weight decay. Weights, gradients and learning rates are fractions
that f32 holds exactly; everything is computed in float64. A group per case with the weights and states after the last
step. Lion is not part of PyTorch: its formula is that of arXiv:2302.06675, algorithm 2.
"""
import sys

import h5py
import torch

COUNT, STEPS, LR = 136, 50, 1 / 128


def start():
    """Between 1 and 2 in magnitude, both signs, so that relative errors mean something to the end."""
    i = torch.arange(COUNT, dtype=torch.float64)
    return (1 + (i * 37 % 128) / 128) * torch.where(i % 2 == 0, 1.0, -1.0)


def gradient(step):
    """Thousandths of 512 around 0, another row of them at every step; none is 0."""
    i = torch.arange(COUNT, dtype=torch.int64)
    return (((i * 7919 + step * 104729 + i * step * 31) % 2003) * 2 - 2001).double() / 1024


def learning_rate(step):
    return LR * (1 - step / 64)


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                c = beta1 * m + (1 - beta1) * w.grad
                w -= group["lr"] * (c.sign() + group["weight_decay"] * w)
                m.mul_(beta2).add_(w.grad, alpha=1 - beta2)


CASES = {  # name: optimizer, its keys, its states
    "adamw": (torch.optim.AdamW, dict(betas=(0.9, 0.95), weight_decay=0.1), dict(m="exp_avg", v="exp_avg_sq")),
    "adam": (torch.optim.Adam, {}, dict(m="exp_avg", v="exp_avg_sq")),
    "adam_decay": (torch.optim.Adam, dict(weight_decay=0.1), dict(m="exp_avg", v="exp_avg_sq")),
    "sgd": (torch.optim.SGD, {}, {}),
    "sgd_decay": (torch.optim.SGD, dict(weight_decay=0.1), {}),
    "sgd_momentum": (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.1), dict(momentum="momentum_buffer")),
    "sgd_nesterov": (torch.optim.SGD, dict(momentum=0.9, nesterov=True), dict(momentum="momentum_buffer")),
    "rmsprop": (torch.optim.RMSprop, {}, dict(square_avg="square_avg")),
    "rmsprop_decay": (torch.optim.RMSprop, dict(weight_decay=0.1), dict(square_avg="square_avg")),
    "rmsprop_momentum": (torch.optim.RMSprop, dict(momentum=0.9),
                         dict(square_avg="square_avg", momentum="momentum_buffer")),
    "adagrad": (torch.optim.Adagrad, {}, dict(sum="sum")),
    "adagrad_decay": (torch.optim.Adagrad, dict(weight_decay=0.1), dict(sum="sum")),
    "lion": (Lion, {}, dict(m="m")),
    "lion_decay": (Lion, dict(weight_decay=0.1), dict(m="m")),
}


def run(out, name, make, keys, states):
    parts = [slice(0, 64), slice(64, 128), slice(128, COUNT)]
    weights = [start()[part].clone().requires_grad_() for part in parts]
    without = dict(keys, weight_decay=0.0)
    optimizer = make([dict(params=[weights[0], weights[2]], **keys), dict(params=[weights[1]], **without)], lr=LR)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        for w, part in zip(weights, parts):
            w.grad = gradient(step)[part].clone()
        optimizer.step()
    out[f"{name}/weights"] = torch.cat(weights).detach().numpy()
    for ours, theirs in states.items():
        out[f"{name}/{ours}"] = torch.cat([optimizer.state[w][theirs] for w in weights]).numpy()


def schedules(out):
    """Learning rates of 40 steps at a peak of 1, and 30 evaluations on a plateau."""
    weight = torch.zeros(1, requires_grad=True)

    def rates(make, losses=None):
        optimizer = torch.optim.SGD([weight], lr=1.0)
        scheduler, found = make(optimizer), []
        for step in range(40 if losses is None else len(losses)):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step(*([] if losses is None else [losses[step]]))
        return found

    lr = torch.optim.lr_scheduler
    out["step/rates"] = rates(lambda o: lr.StepLR(o, step_size=7, gamma=0.5))
    out["one_cycle/rates"] = rates(lambda o: lr.OneCycleLR(o, max_lr=1.0, total_steps=40, cycle_momentum=False))
    losses = [4, 3, 2.9, 2.9, 2.89, 2.95, 3, 2.8, 2.8, 2.7999, float("nan"), 2.81, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.4, 2.4,
              2.4, 2.4, 2.39, 2.39, 2.39, 2.39, 2.39, 2.39, 2.39, 2.39]
    out["plateau/losses"] = losses
    out["plateau/rates"] = rates(lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=2, eps=0), losses)


def main(path):
    with h5py.File(path, "w") as out:
        for name, (make, keys, states) in CASES.items():
            run(out, name, make, keys, states)
        schedules(out)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "optimizers.h5")
