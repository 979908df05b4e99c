#!/usr/bin/env python3
"""Writes lora.h5: what PEFT computes for adapters beside a small Llama, for tests/core/models/lora_reference_test.cpp.

    python3 lora.py lora.h5          needs torch, transformers, peft, h5py

Of each variant: the model's config.json and weights, the adapter's rank, alpha, scaling and targets, its weights (B is
not zero, so that every gradient counts), the logits of one sequence, the loss of a batch and the gradient of every
adapter; then torch.optim.AdamW with clipping makes 20 steps over three batches, of which the losses are kept. In float64
but for what those models always compute in float32.
"""
import sys

import h5py
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig

BATCH, BATCHES, T, VOCABULARY, STEPS, LR, WEIGHT_DECAY, CLIP = 4, 3, 17, 31, 20, 1e-2, 0.1, 1.0
LLAMA = LlamaConfig(num_hidden_layers=2, hidden_size=16, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                    intermediate_size=24, vocab_size=VOCABULARY, max_position_embeddings=32, pad_token_id=None,
                    bos_token_id=None, eos_token_id=None, tie_word_embeddings=True,
                    rope_parameters={"rope_type": "default", "rope_theta": 500.0})
GPT2 = GPT2Config(n_layer=2, n_embd=16, n_head=2, n_positions=T, vocab_size=VOCABULARY, resid_pdrop=0.0,
                  embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=None, eos_token_id=None)
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# match: what model.adapter.match says for the same maps
VARIANTS = {
    "all": (LLAMA, dict(r=4, lora_alpha=8, target_modules=ALL), "*"),
    "rs": (LLAMA, dict(r=3, lora_alpha=5, use_rslora=True, target_modules=ALL), "*"),
    "some": (LLAMA, dict(r=2, lora_alpha=6, target_modules=["q_proj", "v_proj"]), "*[qv]_proj"),
    "gpt2": (GPT2, dict(r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True), "*"),
}


def make_model(config, lora):
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora))
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = 0.2 * torch.randn(parameter.shape, generator=generator)
            is_scale = "norm" in name or ".ln_" in name
            # Values that bfloat16 can hold, so that all sides start from the same bits in either precision.
            parameter.copy_((noise + (1.0 if is_scale else 0.0)).bfloat16().float())
    return model.double().train()


def loss_of(model, tokens, targets):
    logits = model(tokens, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))


def plain(name):
    """The name in the model's own checkpoint; of an adapter, behind PEFT's prefix."""
    return name.replace("base_model.model.", "", 1).replace(".base_layer", "").replace(".default", "")


def write(out, name, values):
    out[name] = values


def write_variant(out, config, lora, match, tokens, targets):
    model = make_model(config, lora)
    config.architectures = [type(model.base_model.model).__name__]
    write(out, "config", np.frombuffer(config.to_json_string(use_diff=False).encode(), dtype=np.uint8))
    for key, value in (("rank", lora["r"]), ("alpha", lora["lora_alpha"]), ("rs", lora.get("use_rslora", False))):
        out[key] = np.array([float(value)])
    write(out, "match", np.frombuffer(match.encode(), dtype=np.uint8))
    with torch.no_grad():
        write(out, "logits", model(tokens[0, :1], use_cache=False).logits[0].numpy().astype(np.float32))
    loss = loss_of(model, tokens[0], targets[0])
    loss.backward()
    out["loss"] = np.array([loss.item()])
    for name, parameter in model.named_parameters():
        write(out, "weights/" + plain(name), parameter.detach().numpy().astype(np.float32))
        if parameter.requires_grad:
            write(out, "gradients/" + plain(name), parameter.grad.numpy().astype(np.float32))
    out["losses"] = np.array(train(model, tokens, targets))


def train(model, tokens, targets):
    adapters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(adapters, lr=LR, betas=(0.9, 0.95), eps=1e-8, weight_decay=WEIGHT_DECAY)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, tokens[step % BATCHES], targets[step % BATCHES])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(adapters, CLIP)
        optimizer.step()
        losses.append(loss.item())
    return losses


def main(path):
    generator = torch.Generator().manual_seed(3)
    text = torch.randint(VOCABULARY, (BATCHES, BATCH, T + 1), generator=generator)
    tokens, targets = text[:, :, :-1], text[:, :, 1:]
    with h5py.File(path, "w") as out:
        write(out, "tokens", tokens.numpy().astype(np.int32))
        write(out, "targets", targets.numpy().astype(np.int32))
        out.attrs.update(batch=BATCH, batches=BATCHES, tokens=T, lr=LR, weight_decay=WEIGHT_DECAY, clip=CLIP)
        for name, (config, lora, match) in VARIANTS.items():
            write_variant(out.create_group(name), config, lora, match, tokens, targets)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "lora.h5")
