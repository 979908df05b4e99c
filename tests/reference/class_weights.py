#!/usr/bin/env python3
"""Writes class_weights.h5: what PyTorch makes of weighted and ignored classes over a whole global batch, for
tests/core/train/class_weights_test.cpp.

    python3 class_weights.py class_weights.h5          needs torch, h5py

Steps of gradient descent of a softmax regression that begins at zero, by F.cross_entropy with reduction="mean": the sum
of weighted losses over the sum of weights, both of the global batch. A group per case: "losses" and "grad_norms" of the
steps, "evaluation", the loss of the validation rows after them, "counted", how many of these count, and "right", how
many of those are predicted rightly. Inputs are float32, everything is computed and stored in float64.
"""
import sys

import h5py
import numpy as np
import torch
from torch.nn import functional as F

GENERATOR = torch.Generator().manual_seed(11)
STEPS, GLOBAL, INPUTS, CLASSES, VALIDATION, LR, CLIP = 5, 12, 4, 5, 23, 0.5, 0.4
IGNORED = 2
WEIGHTS = torch.tensor([0.5, 2.0, 3.0, 0.25, 1.5], dtype=torch.float64)

CASES = {
    "plain": {},
    "weighted": dict(weight=WEIGHTS),
    "ignored": dict(ignore_index=IGNORED),
    "all": dict(weight=WEIGHTS, ignore_index=IGNORED, label_smoothing=0.125),
}


def random(*shape):
    return torch.randn(shape, generator=GENERATOR).float().double()


def labels(n):
    """The first half of the classes' range comes twice as often."""
    return torch.randint(0, CLASSES + 2, (n,), generator=GENERATOR) % CLASSES


def run(out, name, how, x, y, x_validation, y_validation):
    w = torch.zeros(INPUTS, CLASSES, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(CLASSES, dtype=torch.float64, requires_grad=True)
    losses, norms = [], []
    for step in range(STEPS):
        rows = slice(step * GLOBAL, (step + 1) * GLOBAL)
        loss = F.cross_entropy(x[rows] @ w + b, y[rows], **how)
        gradients = torch.autograd.grad(loss, (w, b))
        norm = torch.sqrt(sum((g * g).sum() for g in gradients))
        losses.append(loss.item())
        norms.append(norm.item())
        with torch.no_grad():
            for parameter, gradient in zip((w, b), gradients):
                parameter -= LR * min(1.0, CLIP / norm.item()) * gradient
    with torch.no_grad():
        predictions = x_validation @ w + b
        evaluation = F.cross_entropy(predictions, y_validation, **how).item()
    counts = y_validation != how.get("ignore_index", -1)
    out[f"{name}/losses"], out[f"{name}/grad_norms"] = np.array(losses), np.array(norms)
    out[f"{name}/evaluation"] = np.array([evaluation])
    out[f"{name}/counted"] = np.array([int(counts.sum())])
    out[f"{name}/right"] = np.array([int((predictions.argmax(1) == y_validation)[counts].sum())])


def main(path):
    x, y = random(STEPS * GLOBAL, INPUTS), labels(STEPS * GLOBAL)
    x_validation, y_validation = random(VALIDATION, INPUTS), labels(VALIDATION)
    with h5py.File(path, "w") as out:
        for split, (inputs, targets) in (("train", (x, y)), ("validation", (x_validation, y_validation))):
            out[f"{split}/x"], out[f"{split}/y"] = inputs.numpy().astype(np.float32), targets.numpy().astype(np.int32)
        out["weights"] = WEIGHTS.numpy()
        for name, how in CASES.items():
            run(out, name, how, x, y, x_validation, y_validation)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "class_weights.h5")
