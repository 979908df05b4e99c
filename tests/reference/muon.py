#!/usr/bin/env python3
"""Writes muon.h5: steps of Muon, for tests/core/optimizer/muon_reference_test.cpp.

    python3 muon.py muon.h5        needs numpy, h5py

Each case is one matrix: its weights, a gradient of every step, and weights and momentum after the last step, computed in
float64 by the formulas of arXiv:2502.16982, section 2, in the order of its algorithm: momentum, Nesterov's look ahead,
five steps of the iteration on a matrix that is at most as tall as wide, a root mean square of 0.2, decoupled decay.
"""
import sys

import h5py
import numpy as np

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS, LR, DECAY, MOMENTUM = 6, 1 / 64, 0.125, 0.9375
CASES = {"wide": (24, 40), "tall": (40, 24), "square": (32, 32), "row": (1, 48), "plain": (24, 40)}


def orthogonal(direction, steps=5):
    if direction.shape[0] > direction.shape[1]:
        return orthogonal(direction.T, steps).T
    x = direction / (np.linalg.norm(direction) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x


def main(path):
    with h5py.File(path, "w") as out:
        for number, (name, shape) in enumerate(CASES.items()):
            random = np.random.default_rng(number)
            weights = random.standard_normal(shape).astype(np.float32)
            gradients = random.standard_normal((STEPS, *shape)).astype(np.float32)
            out[f"{name}/start"], out[f"{name}/gradients"] = weights, gradients
            w, b = weights.astype(np.float64), np.zeros(shape)
            for step in range(STEPS):
                g, lr = gradients[step].astype(np.float64), LR * (1 - step / 16)
                b = MOMENTUM * b + g
                direction = b if name == "plain" else g + MOMENTUM * b
                w = w * (1 - lr * DECAY) - lr * 0.2 * np.sqrt(max(shape)) * orthogonal(direction)
            out[f"{name}/weights"], out[f"{name}/momentum"] = w, b


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "muon.h5")
