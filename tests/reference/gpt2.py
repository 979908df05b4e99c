#!/usr/bin/env python3
"""Writes gpt2.h5: what PyTorch computes for a small GPT-2, in float64, for tests/core/models/gpt2_reference_test.cpp.

    python3 gpt2.py gpt2.h5          needs torch, transformers, h5py

Hugging Face's GPT2LMHeadModel with random weights gives, for one batch, the loss and the gradient of every parameter;
then torch.optim.AdamW with clipping makes 50 steps over five batches, of which the losses are kept. Weight decay falls on matrices
and embeddings alone, as Convoy's does.
"""
import sys

import h5py
import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

LAYERS, HEADS, CHANNELS, CONTEXT, VOCABULARY = 2, 3, 24, 17, 31
BATCH, BATCHES, STEPS, LR, WEIGHT_DECAY, CLIP = 16, 5, 50, 3e-3, 0.1, 1.0


def make_model():
    config = GPT2Config(n_layer=LAYERS, n_head=HEADS, n_embd=CHANNELS, n_positions=CONTEXT, vocab_size=VOCABULARY,
                        attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0)
    model = GPT2LMHeadModel(config)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():  # larger than the usual start, biases and norms included, so that no gradient is near zero
        for name, parameter in model.named_parameters():
            noise = 0.1 * torch.randn(parameter.shape, generator=generator)
            is_scale = ".ln_" in name and name.endswith("weight")
            # Values that bfloat16 can hold, so that all sides start from the same bits in either precision.
            parameter.copy_((noise + (1.0 if is_scale else 0.0)).bfloat16().float())
    return model.double().train()


def loss_of(model, tokens, targets):
    logits = model(tokens).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))


def main(path):
    model = make_model()
    generator = torch.Generator().manual_seed(11)
    windows = torch.randint(0, VOCABULARY, (BATCHES, BATCH, CONTEXT + 1), generator=generator)
    tokens, targets = windows[:, :, :-1].contiguous(), windows[:, :, 1:].contiguous()
    with h5py.File(path, "w") as out:
        out.attrs.update(layers=LAYERS, heads=HEADS, channels=CHANNELS, context=CONTEXT, vocabulary=VOCABULARY,
                         batch=BATCH, batches=BATCHES, steps=STEPS, lr=LR, weight_decay=WEIGHT_DECAY, clip=CLIP)
        out["tokens"], out["targets"] = tokens.numpy().astype(np.int32), targets.numpy().astype(np.int32)
        loss = loss_of(model, tokens[0], targets[0])
        loss.backward()
        out["loss"] = np.array([loss.item()])
        for name, parameter in model.named_parameters():
            out["weights/" + name] = parameter.detach().numpy().astype(np.float32).ravel()
            out["gradients/" + name] = parameter.grad.numpy().astype(np.float32).ravel()
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


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gpt2.h5")
