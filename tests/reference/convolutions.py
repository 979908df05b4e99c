#!/usr/bin/env python3
"""Writes convolutions.h5: what PyTorch computes for convolutions and pooling, for
tests/kernels/convolutions_reference_test.cpp.

    python3 convolutions.py convolutions.h5          needs torch, h5py

Inputs are bfloat16 numbers from a fixed seed, so that they are the same in both types; results and gradients are computed
in float64 and stored in float32. Pictures are stored as Convoy has them, (B, H, W, C), weights as PyTorch has them. A
group per case: the tensors, `d` before the name of a gradient; attributes of the file say what the case is.
"""
import sys

import h5py
import torch
from torch.nn import functional as F

GENERATOR = torch.Generator().manual_seed(21)


def random(*shape, scale=1.0):
    return (torch.randn(shape, generator=GENERATOR) * scale).bfloat16().double().requires_grad_()


def channels_last(tensor):
    return tensor.detach().movedim(1, -1).contiguous().numpy()


def write(out, name, attributes, **tensors):
    group = out.create_group(name)
    for key, value in attributes.items():
        out.attrs[f"{name}/{key}"] = int(value)
    for key, value in tensors.items():
        group[key] = value.astype("float32")


def convolution(out, name, x, channels, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, relu=False):
    B, H, W, C = x
    x, weight = random(B, C, H, W), random(channels, C // groups, *kernel, scale=0.3)
    bias = random(channels)
    y = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
    y = F.relu(y) if relu else y
    gradient = random(*y.shape)
    y.backward(gradient)
    attributes = dict(B=B, H=H, W=W, Cin=C, Hout=y.shape[2], Wout=y.shape[3], Cout=channels, kernel_h=kernel[0],
                      kernel_w=kernel[1], stride_h=stride[0], stride_w=stride[1], dilation_h=dilation[0],
                      dilation_w=dilation[1], top=padding[0], left=padding[1], groups=groups, relu=relu)
    write(out, name, attributes, x=channels_last(x), weight=weight.detach().numpy(), bias=bias.detach().numpy(),
          gradient=channels_last(gradient), y=channels_last(y), dx=channels_last(x.grad), dweight=weight.grad.numpy(),
          dbias=bias.grad.numpy())


def pool(out, name, kind, x, window, stride, padding=(0, 0)):
    B, H, W, C = x
    x = random(B, C, H, W)
    if kind == "max":
        y = F.max_pool2d(x, window, stride, padding)
    else:
        y = F.avg_pool2d(x, window, stride, padding, count_include_pad=False)
    gradient = random(*y.shape)
    y.backward(gradient)
    attributes = dict(B=B, H=H, W=W, C=C, Hout=y.shape[2], Wout=y.shape[3], window_h=window[0], window_w=window[1],
                      stride_h=stride[0], stride_w=stride[1], top=padding[0], left=padding[1])
    write(out, name, attributes, x=channels_last(x), gradient=channels_last(gradient), y=channels_last(y),
          dx=channels_last(x.grad))


def main(path):
    with h5py.File(path, "w", libver="latest") as out:
        convolution(out, "plain", (2, 7, 6, 5), 9, (3, 3), padding=(1, 1))
        convolution(out, "packs", (2, 6, 7, 16), 24, (3, 3), padding=(1, 1), relu=True)
        convolution(out, "strided", (2, 9, 10, 8), 16, (3, 2), stride=(2, 3), padding=(1, 0))
        convolution(out, "dilated", (1, 11, 12, 8), 8, (3, 3), padding=(2, 3), dilation=(2, 3))
        convolution(out, "strided_dilated", (1, 12, 13, 4), 6, (3, 4), stride=(2, 4), padding=(3, 2), dilation=(3, 2))
        convolution(out, "grouped", (2, 6, 5, 16), 24, (3, 3), padding=(1, 1), groups=2)
        convolution(out, "depthwise", (2, 7, 6, 20), 20, (3, 3), stride=(2, 1), padding=(1, 1), groups=20)
        convolution(out, "depthwise_doubled", (1, 5, 6, 4), 8, (3, 3), padding=(1, 1), groups=4)
        convolution(out, "pointwise", (1, 5, 5, 40), 70, (1, 1))
        convolution(out, "sequence", (2, 1, 33, 6), 11, (1, 5), stride=(1, 2), padding=(0, 2))
        pool(out, "max", "max", (2, 8, 7, 5), (2, 2), (2, 2))
        pool(out, "max_overlapping", "max", (1, 9, 8, 17), (3, 3), (2, 2), (1, 1))
        pool(out, "average", "average", (2, 8, 7, 5), (2, 2), (2, 2))
        pool(out, "average_overlapping", "average", (1, 9, 8, 17), (3, 3), (2, 2), (1, 1))
        pool(out, "average_all", "average", (2, 7, 7, 9), (7, 7), (7, 7))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "convolutions.h5")
