#!/usr/bin/env python3
"""Writes prefix_attention.h5: what PyTorch computes for small models whose prompts are seen whole, for
tests/core/models/prefix_attention_reference_test.cpp.

    python3 prefix_attention.py prefix_attention.h5          needs torch, transformers, h5py

Of Hugging Face's Llama and GLM-4, given a mask of each prompt in place of their causal one: config.json, the mean loss
of what follows the prompts, the gradient of every parameter, and the logits behind each prompt alone.
"""
import sys

import h5py
import numpy as np
import torch

from llama import BATCH, T, VARIANTS, VOCABULARY, make_model, write

PROMPTS = [1, 4, 9, 16]  # tokens of each row's


def masks():
    """(B, 1, T, T): 0 where a query sees a key."""
    place = torch.arange(T)
    seen = place[None, :] <= place[:, None]
    return torch.stack([torch.where(seen | (place[None, :] < prompt), 0.0, -1e9)[None]
                        for prompt in PROMPTS]).double()


def write_variant(out, config, tokens, targets):
    model = make_model(config)
    config.architectures = [type(model).__name__]
    write(out, "config", np.frombuffer(config.to_json_string(use_diff=False).encode(), dtype=np.uint8))
    logits = model(tokens, attention_mask=masks(), use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1).long(),
                                             ignore_index=-1)
    loss.backward()
    out["loss"] = np.array([loss.item()])
    behind = torch.stack([logits[row, prompt - 1] for row, prompt in enumerate(PROMPTS)])
    write(out, "logits", behind.detach().numpy().astype(np.float32))
    for name, parameter in model.named_parameters():
        write(out, "weights/" + name, parameter.detach().numpy().astype(np.float32))
        write(out, "gradients/" + name, parameter.grad.numpy().astype(np.float32))


def main(path):
    windows = torch.randint(0, VOCABULARY, (BATCH, T + 1), generator=torch.Generator().manual_seed(13))
    tokens, targets = windows[:, :-1].contiguous(), windows[:, 1:].clone()
    for row, prompt in enumerate(PROMPTS):
        targets[row, :prompt - 1] = -1
    with h5py.File(path, "w", libver=("v110", "v110")) as out:
        out.attrs.update(batch=BATCH, tokens=T)
        out["tokens"], out["targets"] = tokens.numpy().astype(np.int32), targets.numpy().astype(np.int32)
        out["prompts"] = np.array(PROMPTS, dtype=np.int32)
        for name in ("llama", "glm4"):
            write_variant(out.create_group(name), VARIANTS[name], tokens, targets)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "prefix_attention.h5")
