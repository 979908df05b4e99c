#!/usr/bin/env python3
"""Writes dpo.h5: what direct preference optimisation does to small models, for tests/core/models/dpo_reference_test.cpp.

    python3 dpo.py dpo.h5          needs torch, transformers, h5py

The loss is written out as TRL's DPOTrainer has it (loss_type "sigmoid", label_smoothing), with log-probabilities summed
over the tokens of an answer. Of each variant: the model's config.json and weights, beta and label smoothing; pairs of
chosen and rejected sequences with targets (-1: no part of an answer), the log-probabilities of both under the model and
under another, the reference; losses, rewards and the gradient of every parameter; then torch.optim.AdamW with clipping
makes 20 steps over three batches, of which the losses are kept. In float64 but for what those models always compute in
float32.
"""
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

PAIRS, BATCHES, T, VOCABULARY, STEPS, LR, WEIGHT_DECAY, CLIP = 3, 3, 17, 31, 20, 1e-3, 0.1, 1.0
LLAMA = LlamaConfig(num_hidden_layers=2, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                    intermediate_size=24, vocab_size=VOCABULARY, max_position_embeddings=32, pad_token_id=None,
                    bos_token_id=None, eos_token_id=None, tie_word_embeddings=False,
                    rope_parameters={"rope_type": "default", "rope_theta": 500.0})
GPT2 = GPT2Config(n_layer=2, n_embd=16, n_head=2, n_positions=T, vocab_size=VOCABULARY, resid_pdrop=0.0,
                  embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None)
VARIANTS = {"llama": (LLAMA, 0.1, 0.0), "smoothed": (LLAMA, 0.5, 0.2), "gpt2": (GPT2, 0.3, 0.0)}


def make_model(config, seed):
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=generator)
            is_scale = name.endswith("weight") and ("norm" in name or ".ln_" in name)
            # Values that bfloat16 can hold, so that all sides start from the same bits in either precision.
            parameter.copy_((noise + (1.0 if is_scale else 0.0)).bfloat16().float())
    return model.double().train()


def make_pairs():
    """tokens, targets (BATCHES, PAIRS, 2, T): both answers behind one prompt, of any lengths, padded with token 0."""
    generator = torch.Generator().manual_seed(3)

    def number(first, end):
        return int(torch.randint(first, end, (1,), generator=generator))

    def text(length):
        return torch.randint(VOCABULARY, (length,), generator=generator)

    tokens = torch.zeros(BATCHES, PAIRS, 2, T, dtype=torch.long)
    targets = torch.full_like(tokens, -1)
    for pair in np.ndindex(BATCHES, PAIRS):
        prompt = text(number(1, 7))
        for answer in range(2):
            whole = torch.cat([prompt, text(number(1, T + 2 - len(prompt)))])
            tokens[pair][answer, :len(whole) - 1] = whole[:-1]
            targets[pair][answer, len(prompt) - 1:len(whole) - 1] = whole[len(prompt):]
    return tokens, targets


def log_probabilities(model, tokens, targets):
    """(pairs, 2)"""
    flat_tokens, flat_targets = tokens.reshape(-1, T), targets.reshape(-1, T)
    log_p = F.log_softmax(model(flat_tokens, use_cache=False).logits.double(), dim=-1)
    counts = flat_targets >= 0
    each = torch.gather(log_p, 2, flat_targets.clamp(min=0)[:, :, None])[:, :, 0]
    return (each * counts).sum(dim=1).reshape(-1, 2)


def dpo_loss(policy, reference, beta, label_smoothing):
    """Losses (pairs) and rewards (pairs, 2)."""
    logits = (policy[:, 0] - policy[:, 1]) - (reference[:, 0] - reference[:, 1])
    losses = -F.logsigmoid(beta * logits) * (1 - label_smoothing) - F.logsigmoid(-beta * logits) * label_smoothing
    return losses, beta * (policy - reference).detach()


def write_variant(out, config, beta, label_smoothing, tokens, targets):
    model, other = make_model(config, 7), make_model(config, 8)
    config.architectures = [type(model).__name__]
    out["config"] = np.frombuffer(config.to_json_string(use_diff=False).encode(), dtype=np.uint8)
    out["beta"], out["label_smoothing"] = np.array([beta]), np.array([label_smoothing])
    with torch.no_grad():
        reference = torch.stack([log_probabilities(other, tokens[b], targets[b]) for b in range(BATCHES)])
    reference = reference.float().double()  # as they are stored
    out["reference"] = reference.numpy().astype(np.float32)
    policy = log_probabilities(model, tokens[0], targets[0])
    losses, rewards = dpo_loss(policy, reference[0], beta, label_smoothing)
    losses.mean().backward()
    out["log_probabilities"], out["rewards"] = policy.detach().numpy(), rewards.numpy()
    out["loss_of_pairs"] = losses.detach().numpy()
    for name, parameter in model.named_parameters():
        out["weights/" + name] = parameter.detach().numpy().astype(np.float32)
        out["gradients/" + name] = parameter.grad.numpy().astype(np.float32)
    out["losses"] = np.array(train(model, tokens, targets, reference, beta, label_smoothing))


def train(model, tokens, targets, reference, beta, label_smoothing):
    decays = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decays, "weight_decay": WEIGHT_DECAY},
                                   {"params": others, "weight_decay": 0.0}], lr=LR, betas=(0.9, 0.95), eps=1e-8)
    means = []
    for step in range(STEPS):
        optimizer.zero_grad()
        b = step % BATCHES
        losses, _ = dpo_loss(log_probabilities(model, tokens[b], targets[b]), reference[b], beta, label_smoothing)
        losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        means.append(losses.mean().item())
    return means


def main(path):
    tokens, targets = make_pairs()
    with h5py.File(path, "w") as out:
        out["tokens"], out["targets"] = tokens.numpy().astype(np.int32), targets.numpy().astype(np.int32)
        out.attrs.update(pairs=PAIRS, batches=BATCHES, tokens=T, lr=LR, weight_decay=WEIGHT_DECAY, clip=CLIP)
        for name, (config, beta, label_smoothing) in VARIANTS.items():
            write_variant(out.create_group(name), config, beta, label_smoothing, tokens, targets)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "dpo.h5")
