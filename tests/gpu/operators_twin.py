#!/usr/bin/env python3
"""The operators of a profile (log.profile_steps) in PyTorch, at the same shapes: operators_twin.py PROFILE.json [--device cuda]

A JSON object a line for each product that stands alone and each attention: its shape, milliseconds of a call there and in
PyTorch (matmul, scaled_dot_product_attention with a causal mask, its backward alone), on CUDA by CUDA events.
"""
import argparse
import json
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
SECONDS = 0.2


def ms_of(call, device):
    """Milliseconds of a call, once warm."""
    cuda = device == "cuda"
    for _ in range(3):
        call()
    if cuda:
        torch.cuda.synchronize()
    times = 1
    while True:
        if cuda:
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
        start = time.perf_counter()
        for _ in range(times):
            call()
        if cuda:
            end.record()
            torch.cuda.synchronize()
            ms = begin.elapsed_time(end)
        else:
            ms = 1e3 * (time.perf_counter() - start)
        if ms >= 1e3 * SECONDS:
            return ms / times
        times *= 2


def product(p, device):
    a = torch.randn(p["m"], p["k"], device=device, dtype=TYPES[p["dtype"]])
    b = torch.randn(p["k"], p["n"], device=device, dtype=TYPES[p["dtype"]])
    return ms_of(lambda: a @ b, device)


def heads_of(a):
    """Of all samples, if the mask is causal and no more: else no whole number."""
    return a["scores"] / (a["keys"] * (a["keys"] + 1) / 2)


def attention(a, device):
    T, heads = a["keys"], int(heads_of(a))
    q, k, v = (torch.randn(1, heads, T, a["D"], device=device, dtype=TYPES[a["dtype"]], requires_grad=True) for _ in range(3))
    if not a["backward"]:
        with torch.no_grad():
            return ms_of(lambda: scaled_dot_product_attention(q, k, v, is_causal=True), device)
    y = scaled_dot_product_attention(q, k, v, is_causal=True)
    dy = torch.randn_like(y)
    return ms_of(lambda: torch.autograd.grad(y, (q, k, v), dy, retain_graph=True), device)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profile")
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    with open(args.profile) as file:
        operators = json.load(file)["operators"]
    for op in operators:
        products = op.get("products", [])
        if len(products) == 1:
            p = products[0]
            line = {"product": [p["m"], p["n"], p["k"]], "dtype": p["dtype"], "pytorch_ms": product(p, args.device)}
        elif "attention" in op and heads_of(op["attention"]).is_integer():
            a = op["attention"]
            line = {"attention": "backward" if a["backward"] else "forward", "keys": a["keys"], "D": a["D"], "dtype": a["dtype"],
                    "pytorch_ms": attention(a, args.device)}
        else:
            continue
        ms = op["ms"] / op["calls"]
        print(json.dumps({"operator": op["name"], **line, "convoy_ms": ms, "speed": line["pytorch_ms"] / ms}), flush=True)


if __name__ == "__main__":
    main()
