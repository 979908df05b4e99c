#!/usr/bin/env python3
"""Writes operators.h5: what PyTorch computes for each operator, for tests/kernels/operators_reference_test.cpp.

    python3 operators.py operators.h5          needs torch, h5py

Inputs are float32 numbers from a fixed seed; results and gradients are computed and stored in float64. A group per
operator, a dataset per tensor, `d` before the name of a gradient.
"""
import sys

import h5py
import numpy as np
import torch
from torch.nn import functional as F

GENERATOR = torch.Generator().manual_seed(20)


def random(*shape, scale=1.0, shift=0.0):
    return (torch.randn(shape, generator=GENERATOR) * scale + shift).float().double().requires_grad_()


def write(out, group, inputs, **results):
    for name, tensor in inputs.items():
        array = tensor.detach().numpy()
        out[f"{group}/{name}"] = array.astype(np.float32) if array.dtype == np.float64 else array
    for name, tensor in results.items():
        out[f"{group}/{name}"] = tensor.detach().numpy()


def matmul(out):
    """y = gelu(x w1 + b1) w2 + b2: the forward and backward of a GPT's MLP."""
    M, K, N = 17, 13, 29
    x, w1, b1, w2, b2, gradient = (random(M, K), random(K, N, scale=0.3), random(N), random(N, K, scale=0.3),
                                   random(K), random(M, K))
    pre = x @ w1 + b1
    hidden = F.gelu(pre, approximate="tanh")
    y = hidden @ w2 + b2
    y.backward(gradient)
    write(out, "matmul", dict(x=x, w1=w1, b1=b1, w2=w2, b2=b2, gradient=gradient), pre=pre, hidden=hidden, y=y, dx=x.grad,
          dw1=w1.grad, db1=b1.grad, dw2=w2.grad, db2=b2.grad)


def layer_norm(out):
    N, C = 7, 37
    x, branch, weight, bias = random(N, C, shift=0.5), random(N, C), random(C), random(C)
    gradient, gradient_residual = random(N, C), random(N, C)
    residual = x + branch
    y = F.layer_norm(residual, (C,), weight, bias, eps=1e-5)
    torch.autograd.backward([y, residual], [gradient, gradient_residual])
    write(out, "layer_norm",
          dict(x=x, branch=branch, weight=weight, bias=bias, gradient=gradient, gradient_residual=gradient_residual),
          residual=residual, y=y, dx=x.grad, dweight=weight.grad, dbias=bias.grad)


def rms_norm(out):
    N, C = 7, 37
    x, branch, weight = random(N, C, shift=0.5), random(N, C), random(C)
    gradient, gradient_residual = random(N, C), random(N, C)
    residual = x + branch
    y = F.rms_norm(residual, (C,), weight, eps=1e-5)
    torch.autograd.backward([y, residual], [gradient, gradient_residual])
    write(out, "rms_norm",
          dict(x=x, branch=branch, weight=weight, gradient=gradient, gradient_residual=gradient_residual),
          residual=residual, y=y, dx=x.grad, dweight=weight.grad)


def attention(out, name, B, Tq, Tk, H, Hkv, D, causal):
    q, k, v = random(B, Tq, H, D), random(B, Tk, Hkv, D), random(B, Tk, Hkv, D)
    gradient = random(B, Tq, H, D)
    mask = torch.ones(Tq, Tk, dtype=torch.bool).tril(Tk - Tq) if causal else None
    heads = lambda t: t.transpose(1, 2).repeat_interleave(H // t.shape[2], dim=1)
    y = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=mask).transpose(1, 2)
    y.backward(gradient)
    write(out, name, dict(q=q, k=k, v=v, gradient=gradient), y=y, dq=q.grad, dk=k.grad, dv=v.grad)


def embedding(out):
    B, T, V, C = 3, 5, 7, 19
    tokens = torch.randint(0, V, (B, T), generator=GENERATOR)
    table, positions, gradient = random(V, C), random(T, C), random(B, T, C)
    y = F.embedding(tokens, table) + positions
    y.backward(gradient)
    write(out, "embedding",
          dict(tokens=tokens.to(torch.int32), table=table, positions=positions, gradient=gradient), y=y, dtable=table.grad, dpositions=positions.grad)


def cross_entropy(out):
    N, V, scale = 9, 50, 0.25
    logits, targets = random(N, V, scale=3.0), torch.randint(0, V, (N,), generator=GENERATOR)
    targets[4] = -1
    losses = F.cross_entropy(logits, targets, ignore_index=-1, reduction="none")
    (scale * losses.sum()).backward()
    write(out, "cross_entropy", dict(logits=logits, targets=targets.to(torch.int32)), losses=losses,
          dlogits=logits.grad)


def adamw(out):
    """Two groups of 128 and 72 parameters, the first with decay; five steps clipped to a norm of 1."""
    weights, steps = [random(128), random(72)], 5
    start = torch.cat([w.detach().clone() for w in weights])
    gradients = random(steps, 200)
    optimizer = torch.optim.AdamW([{"params": weights[:1], "weight_decay": 0.1},
                                   {"params": weights[1:], "weight_decay": 0.0}], lr=3e-3, betas=(0.9, 0.95), eps=1e-8)
    norms = []
    for gradient in gradients.detach():
        weights[0].grad, weights[1].grad = gradient[:128].clone(), gradient[128:].clone()
        norms.append(torch.nn.utils.clip_grad_norm_(weights, 1.0))
        optimizer.step()
    moments = [torch.cat([optimizer.state[w][key] for w in weights]) for key in ("exp_avg", "exp_avg_sq")]
    write(out, "adamw", dict(start=start, gradients=gradients), norms=torch.stack(norms), end=torch.cat(weights),
          m=moments[0], v=moments[1])


def main(path):
    with h5py.File(path, "w") as out:
        matmul(out)
        layer_norm(out)
        attention(out, "attention_causal", B=2, Tq=19, Tk=19, H=3, Hkv=3, D=8, causal=True)
        attention(out, "attention_full", B=1, Tq=6, Tk=23, H=2, Hkv=2, D=12, causal=False)
        attention(out, "attention_grouped", B=2, Tq=9, Tk=14, H=4, Hkv=2, D=16, causal=True)
        embedding(out)
        cross_entropy(out)
        adamw(out)
        rms_norm(out)  # last: numbers of those above come from one generator


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "operators.h5")
