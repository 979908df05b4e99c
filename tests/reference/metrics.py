#!/usr/bin/env python3
"""Writes metrics.h5: 1,000 random cases of classes and 100 of numbers with what scikit-learn says of them, for
tests/core/metrics/metric_reference_test.cpp.

    python3 metrics.py metrics.h5        needs scikit-learn, h5py

Logits are multiples of 1/256 that f32 holds exactly: small integers in every other case, so that many are equal. Some
classes occur in no row. A case of one logit has two classes; the logit is that of class 1. All cases stand behind one
another in flat arrays.
"""
import sys
import warnings

import h5py
import numpy as np
from sklearn import metrics as m

warnings.filterwarnings("ignore")
random = np.random.default_rng(20240607)


def probabilities(z):
    """Softmax whose sum does not depend on the order of the logits: rows with equal logits in another order have equal
    probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / np.sort(e, axis=1).sum(axis=1, keepdims=True)


def area(y, z, classes):
    """roc_auc_score, and for several classes its mean over those that occur in a part of the rows."""
    if classes == 2:
        score = z[:, 0] if z.shape[1] == 1 else z[:, 1] - z[:, 0]
        return m.roc_auc_score(y, score) if 0 < y.sum() < len(y) else np.nan
    p = probabilities(z)
    present = [c for c in range(classes) if 0 < (y == c).sum() < len(y)]
    if len(present) == classes:
        return m.roc_auc_score(y, p, multi_class="ovr", average="macro", labels=range(classes))
    return np.mean([m.roc_auc_score(y == c, p[:, c]) for c in present]) if present else np.nan


def class_case(number):
    classes = int(random.integers(2, 7))
    columns = 1 if classes == 2 and number % 4 < 2 else classes
    rows = int(random.integers(1, 40))
    occurring = random.permutation(classes)[: int(random.integers(1, classes + 1))]
    y = random.choice(occurring, rows)
    z = random.integers(-2, 3, (rows, columns)) * 256 if number % 2 else random.integers(-900, 900, (rows, columns))
    z = z / 256
    full = np.concatenate([np.zeros((rows, 1)), z], axis=1) if columns == 1 else z
    predicted = full.argmax(axis=1)
    k = int(random.integers(1, classes + 1))
    scores = full
    if classes == 2:  # scikit-learn then wants probabilities of class 1 alone
        scores = 1 / (1 + np.exp(full[:, 0] - full[:, 1]))
    values = [m.accuracy_score(y, predicted), m.top_k_accuracy_score(y, scores, k=k, labels=range(classes)),
              area(y, z, classes)]
    each = []
    for score in (m.precision_score, m.recall_score, m.f1_score):
        values += [score(y, predicted, average=average, zero_division=0) for average in ("macro", "micro")]
        each += list(score(y, predicted, labels=range(classes), average=None, zero_division=0))
    matrix = m.confusion_matrix(y, predicted, labels=range(classes))
    return dict(sizes=[classes, columns, rows, k], targets=y, logits=(z * 256).ravel(), values=values, each=each,
                matrix=matrix.ravel())


def number_case():
    rows, columns = int(random.integers(2, 30)), int(random.integers(1, 4))
    y = random.integers(-2000, 2000, (rows, columns)) / 256
    p = y + random.integers(-500, 500, (rows, columns)) / 256
    y, p = y.ravel(), p.ravel()
    return dict(number_sizes=[rows, columns], number_targets=y * 256, number_predictions=p * 256,
                number_values=[m.mean_absolute_error(y, p), np.sqrt(m.mean_squared_error(y, p)), m.r2_score(y, p)])


def write(file, cases):
    for name in cases[0]:
        flat = np.concatenate([np.asarray(case[name]).ravel() for case in cases])
        floating = name in ("values", "each", "number_values")
        file.create_dataset(name, data=flat.astype(np.float64 if floating else np.int16), compression="gzip",
                            compression_opts=9, shuffle=True)


with h5py.File(sys.argv[1], "w") as file:
    write(file, [class_case(i) for i in range(1000)])
    write(file, [number_case() for _ in range(100)])
