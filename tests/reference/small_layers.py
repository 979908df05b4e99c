#!/usr/bin/env python3
"""Writes small_layers.h5: what PyTorch computes for small layers, losses and a model of them, for
tests/kernels/small_layers_reference_test.cpp and tests/core/models/layers_reference_test.cpp.

    python3 small_layers.py small_layers.h5          needs torch, h5py

Inputs are float32 numbers from a fixed seed; results and gradients are computed and stored in float64. A group per
layer, a dataset per tensor, `d` before the name of a gradient.
"""
import sys

import h5py
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

GENERATOR = torch.Generator().manual_seed(21)

ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "elu": F.elu,
}


def random(*shape, scale=1.0, shift=0.0):
    return (torch.randn(shape, generator=GENERATOR) * scale + shift).float().double().requires_grad_()


def classes(count, n, *shape):
    return torch.randint(0, count, (n, *shape), generator=GENERATOR)


def write(out, group, inputs, **results):
    for name, tensor in inputs.items():
        array = tensor.detach().numpy()
        out[f"{group}/{name}"] = array.astype(np.float32 if array.dtype == np.float64 else np.int32)
    for name, tensor in results.items():
        out[f"{group}/{name}"] = tensor.detach().numpy()


def activations(out):
    for name, function in ACTIVATIONS.items():
        x, gradient = random(7, 37, scale=3.0), random(7, 37)
        y = function(x)
        y.backward(gradient)
        write(out, name, dict(x=x, gradient=gradient), y=y, dx=x.grad)


def softmax(out):
    x, gradient = random(7, 37, scale=3.0), random(7, 37)
    y = F.softmax(x, -1)
    y.backward(gradient)
    write(out, "softmax", dict(x=x, gradient=gradient), y=y, dx=x.grad)


def gate(out):
    B, H, W, C = 3, 4, 5, 19
    x, g, gradient = random(B, H, W, C), random(B, 1, 1, C), random(B, H, W, C)
    y = x * g
    y.backward(gradient)
    write(out, "gate", dict(x=x, gate=g, gradient=gradient), y=y, dx=x.grad, dgate=g.grad)


SCALE = 0.25


def loss(out, group, inputs, losses):
    (SCALE * losses.sum()).backward()
    write(out, group, inputs, losses=losses, dx=inputs["x"].grad)


def losses(out):
    N, K = 9, 13
    for name, function in {
            "mse": F.mse_loss,
            "mae": F.l1_loss,
            "huber": lambda x, t, reduction: F.huber_loss(x, t, reduction=reduction, delta=0.7),
            "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    }.items():
        x, target = random(N, K, scale=2.0), torch.rand(N, K, generator=GENERATOR).float().double()
        loss(out, name, dict(x=x, target=target), function(x, target, reduction="none").mean(1))
    x, target = random(N, 1, scale=2.0), classes(2, N)
    loss(out, "binary_cross_entropy_of_classes", dict(x=x, target=target),
         F.binary_cross_entropy_with_logits(x[:, 0], target.double(), reduction="none"))
    weight = torch.rand(K, generator=GENERATOR).float().double() + 0.5
    for name, smoothing, w in (("smoothed", 0.1, None), ("weighted", 0.0, weight), ("smoothed_weighted", 0.2, weight)):
        x, target = random(N, K, scale=3.0), classes(K, N)
        target[4] = -1
        loss(out, f"cross_entropy_{name}", dict(x=x, target=target, **({} if w is None else {"weight": w})),
             F.cross_entropy(x, target, weight=w, label_smoothing=smoothing, ignore_index=-1, reduction="none"))


class Model(nn.Module):
    """The list of layers_reference_test.cpp. Weights as there: (inputs, outputs)."""

    def __init__(self):
        super().__init__()
        self.weights = {
            "stem.weight": random(12, 16, scale=0.3), "stem.bias": random(16, scale=0.3),
            "norm.weight": random(16, shift=1.0, scale=0.2), "norm.bias": random(16, scale=0.2),
            "a.weight": random(16, 16, scale=0.3), "a.bias": random(16, scale=0.3),
            "b.weight": random(4, 4, scale=0.5), "rms.weight": random(4, shift=1.0, scale=0.2),
            "table.weight": random(6, 5), "top.weight": random(16 + 10 + 16, 3, scale=0.2), "top.bias": random(3),
        }

    def forward(self, x, ids):
        w = self.weights
        stem = torch.tanh(x @ w["stem.weight"] + w["stem.bias"])
        y = F.layer_norm(stem, (16,), w["norm.weight"], w["norm.bias"], eps=1e-5)
        y = F.gelu(y @ w["a.weight"] + w["a.bias"])
        y = y + stem
        square = y.reshape(-1, 2, 2, 4)
        z = F.rms_norm(square, (4,), w["rms.weight"], eps=1e-5)
        z = F.silu(z @ w["b.weight"]) * F.softmax(square, -1)
        table = F.embedding(ids, w["table.weight"]).flatten(1)
        return torch.cat([z.flatten(1), table, F.elu(stem * y)], 1) @ w["top.weight"] + w["top.bias"]


def model(out):
    B = 10
    network, x, ids, target = Model(), random(B, 12), classes(6, B, 2), classes(3, B)
    value = F.cross_entropy(network(x, ids), target, label_smoothing=0.1)
    value.backward()
    write(out, "model", dict(x=x, ids=ids, target=target), loss=value.reshape(1))
    for name, weight in network.weights.items():
        out[f"model/weights/{name}"] = weight.detach().numpy().astype(np.float32)
        out[f"model/gradients/{name}"] = weight.grad.numpy()


def main(path):
    with h5py.File(path, "w") as out:
        activations(out)
        softmax(out)
        gate(out)
        losses(out)
        model(out)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "small_layers.h5")
