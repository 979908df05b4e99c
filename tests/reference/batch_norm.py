#!/usr/bin/env python3
"""Writes batch_norm.h5: batch norm by PyTorch, for tests/core/models/batch_norm_reference_test.cpp.

    python3 batch_norm.py batch_norm.h5        needs torch, h5py

Group "layer": one batch norm of pictures (B, H, W, C): its result, gradients, running averages and the result of an
evaluation. Group "model": 20 steps of gradient descent of batch norm, linear, batch norm without weights, linear; first
and last weights and running averages, the loss of every step, the predictions of an evaluation. Everything is computed in
float64 and stored as float32.
"""
import sys

import h5py
import numpy as np
import torch
from torch import nn

GENERATOR = torch.Generator().manual_seed(19)
STEPS, ROWS, LR = 20, 16, 0.125


def random(*shape, scale=1.0, shift=0.0):
    """Fractions that bf16 holds exactly: whoever computes in it is not asked for what it cannot read."""
    return (torch.randn(shape, generator=GENERATOR) * scale + shift).bfloat16().double()


def put(out, name, tensor):
    out[name] = tensor.detach().numpy().astype(np.float32)


def write_layer(out):
    x, dy = random(4, 5, 3, 6, scale=2.0, shift=1.5).requires_grad_(), random(4, 5, 3, 6)
    norm = nn.BatchNorm2d(6, momentum=0.25, eps=1e-3).double()
    with torch.no_grad():
        norm.weight.copy_(random(6, shift=1.0))
        norm.bias.copy_(random(6))
        norm.running_mean.copy_(random(6))
        norm.running_var.copy_(random(6).abs() + 0.5)
    for name in ["weight", "bias", "running_mean", "running_var"]:
        put(out, f"layer/{name}", getattr(norm, name))
    last = lambda tensor: tensor.permute(0, 2, 3, 1).contiguous()  # PyTorch has channels in front
    y = last(norm(x.permute(0, 3, 1, 2)))
    (y * dy).sum().backward()
    values = {"x": x, "dy": dy, "y": y, "dx": x.grad, "dweight": norm.weight.grad, "dbias": norm.bias.grad,
              "new_running_mean": norm.running_mean, "new_running_var": norm.running_var,
              "y_evaluation": last(norm.eval()(x.permute(0, 3, 1, 2)))}
    for name, tensor in values.items():
        put(out, f"layer/{name}", tensor)


def write_model(out):
    layers = {"in": nn.BatchNorm1d(6), "hidden": nn.Linear(6, 8), "norm": nn.BatchNorm1d(8, affine=False),
              "out": nn.Linear(8, 2)}
    model = nn.Sequential(*layers.values()).double()
    x, y = random(STEPS, ROWS, 6, scale=3.0, shift=2.0), random(STEPS, ROWS, 2)
    with torch.no_grad():
        for linear in (layers["hidden"], layers["out"]):
            linear.weight.copy_(random(*linear.weight.shape, scale=0.5))
            linear.bias.copy_(random(*linear.bias.shape, scale=0.1))

    def put_weights(group):
        for name, layer in layers.items():
            for key, tensor in layer.state_dict().items():
                if key != "num_batches_tracked":  # a linear layer's weight is (in, out) here
                    put(out, f"{group}/{name}.{key}", tensor.T.contiguous() if tensor.ndim == 2 else tensor)

    put_weights("model/first")
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    losses = []
    for step in range(STEPS):
        loss = nn.functional.mse_loss(model(x[step]), y[step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    put_weights("model/last")
    put(out, "model/x", x)
    put(out, "model/y", y)
    put(out, "model/predictions", model.eval()(x[0]))
    out["model/losses"] = np.array(losses)
    out.attrs.update(steps=STEPS, rows=ROWS, lr=LR)


with h5py.File(sys.argv[1], "w") as out:
    write_layer(out)
    write_model(out)
