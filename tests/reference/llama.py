#!/usr/bin/env python3
"""Writes llama.h5: what PyTorch computes for small models of the family llama, for
tests/core/models/llama_reference_test.cpp.

    python3 llama.py llama.h5          needs torch, transformers, h5py

Of each of Hugging Face's models with random weights: its config.json, the logits of one sequence, the loss of a batch
and the gradient of every parameter; then torch.optim.AdamW with clipping makes 20 steps over three batches, of which
the losses are kept. In float64 but for what those models always compute in float32: norms, softmax and angles. Weight
decay falls on matrices and embeddings alone, as Convoy's does.
"""
import sys

import h5py
import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers import Glm4Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

BATCH, BATCHES, T, VOCABULARY, STEPS, LR, WEIGHT_DECAY, CLIP = 4, 3, 17, 31, 20, 3e-3, 0.1, 1.0
SIZES = dict(num_hidden_layers=2, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, intermediate_size=24,
             vocab_size=VOCABULARY, max_position_embeddings=32, pad_token_id=None, bos_token_id=None, eos_token_id=None)


def rope(kind="default", base=500.0, **keys):
    return {"rope_parameters": {"rope_type": kind, "rope_theta": base, **keys}}


VARIANTS = {
    "llama": LlamaConfig(**SIZES, head_dim=8, tie_word_embeddings=True, **rope()),
    "linear": LlamaConfig(**SIZES, head_dim=6, **rope("linear", factor=4.0)),
    "llama3": LlamaConfig(**SIZES, head_dim=8, **rope("llama3", base=100.0, factor=4.0, low_freq_factor=1.0,
                                                     high_freq_factor=4.0, original_max_position_embeddings=64)),
    "yarn": LlamaConfig(**SIZES, head_dim=8, **rope("yarn", base=100.0, factor=4.0, beta_fast=4.0, beta_slow=1.0,
                                                   original_max_position_embeddings=8)),
    "mistral": MistralConfig(**SIZES, head_dim=8, sliding_window=5, **rope()),
    "qwen2": Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=6, max_window_layers=1, **rope()),
    "qwen3": Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True, **rope()),
    "glm4": Glm4Config(**SIZES, head_dim=8, **rope(partial_rotary_factor=0.5)),
}


def make_model(config):
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():  # larger than the usual start, biases and norms included, so that no gradient is near zero
        for name, parameter in model.named_parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=generator)
            is_scale = "norm" in name
            # Values that bfloat16 can hold, so that all sides start from the same bits in either precision.
            parameter.copy_((noise + (1.0 if is_scale else 0.0)).bfloat16().float())
    return model.double().train()


def loss_of(model, tokens, targets):
    logits = model(tokens, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))


def write(out, name, values):
    out.create_dataset(name, data=values, compression="gzip", compression_opts=9, shuffle=True)


def write_variant(out, config, tokens, targets):
    model = make_model(config)
    config.architectures = [type(model).__name__]
    write(out, "config", np.frombuffer(config.to_json_string(use_diff=False).encode(), dtype=np.uint8))
    with torch.no_grad():
        write(out, "logits", model(tokens[0, :1], use_cache=False).logits[0].numpy().astype(np.float32))
    loss = loss_of(model, tokens[0], targets[0])
    loss.backward()
    out["loss"] = np.array([loss.item()])
    for name, parameter in model.named_parameters():
        write(out, "weights/" + name, parameter.detach().numpy().astype(np.float32))
        write(out, "gradients/" + name, parameter.grad.numpy().astype(np.float32))
    out["losses"] = np.array(train(model, tokens, targets))


def train(model, tokens, targets):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        batch = step % BATCHES  # few batches, seen again and again: the loss falls
        loss = loss_of(model, tokens[batch], targets[batch])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(path):
    generator = torch.Generator().manual_seed(11)
    windows = torch.randint(0, VOCABULARY, (BATCHES, BATCH, T + 1), generator=generator)
    tokens, targets = windows[:, :, :-1].contiguous(), windows[:, :, 1:].contiguous()
    with h5py.File(path, "w", libver=("v110", "v110")) as out:
        out.attrs.update(batch=BATCH, batches=BATCHES, tokens=T, lr=LR, weight_decay=WEIGHT_DECAY, clip=CLIP)
        out["tokens"], out["targets"] = tokens.numpy().astype(np.int32), targets.numpy().astype(np.int32)
        for name, config in VARIANTS.items():
            write_variant(out.create_group(name), config, tokens, targets)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "llama.h5")
