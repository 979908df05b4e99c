#!/usr/bin/env python3
"""One convolution as training computes it, in eager PyTorch: what convolution_steps.cpp is measured beside.

    convolution_twin.py B H W CIN COUT KERNEL STRIDE GROUPS forward|input|weight|all STEPS [--channels-last]

Prints "step N" after every step. input and weight are what autograd computes for a gradient of the results that is there
already; all is forward and both.
"""
import argparse

import torch
from torch.nn import functional as F


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("B", "H", "W", "Cin", "Cout", "kernel", "stride", "groups"):
        parser.add_argument(name, type=int)
    parser.add_argument("what", choices=["forward", "input", "weight", "all"])
    parser.add_argument("steps", type=int)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    layout = torch.channels_last if a.channels_last else torch.contiguous_format
    x = torch.randn(a.B, a.Cin, a.H, a.W).to(memory_format=layout)
    weight = torch.randn(a.Cout, a.Cin // a.groups, a.kernel, a.kernel).to(memory_format=layout)
    bias, settings = torch.randn(a.Cout), ([a.stride] * 2, [a.kernel // 2] * 2, [1, 1])
    y = F.conv2d(x, weight, bias, *settings, a.groups)
    dy = torch.randn(y.shape).to(memory_format=layout)
    wanted = [a.what in ("input", "all"), a.what in ("weight", "all"), a.what in ("weight", "all")]
    for step in range(1, a.steps + 1):
        if a.what in ("forward", "all"):
            F.conv2d(x, weight, bias, *settings, a.groups)
        if any(wanted):
            torch.ops.aten.convolution_backward(dy, x, weight, [a.Cout], *settings, False, [0, 0], a.groups, wanted)
        print(f"step {step}", flush=True)


if __name__ == "__main__":
    with torch.no_grad():
        main()
