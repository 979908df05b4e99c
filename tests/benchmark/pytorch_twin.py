#!/usr/bin/env python3
"""The same GPT-2, data and optimizer as a Convoy config describes, in eager PyTorch: what Convoy is measured beside.

    pytorch_twin.py CONFIG --steps 12                 speed: prints tokens/s of every step
    pytorch_twin.py CONFIG --seconds 180              quality: measures its own speed first, makes as many steps as fit
                                                      into that wall time, then prints the validation loss
    pytorch_twin.py CONFIG --device cuda --vocabulary 50304 [--compile]     on a GPU, on random tokens
    mpirun -np 2 pytorch_twin.py CONFIG --ddp FILE    speed under DistributedDataParallel with gloo; FILE: where the ranks
                                                      meet, not there yet

Needs torch, pyyaml, and h5py for real data. Threads: --threads, on one process. `--precision bf16` is torch.autocast.
"""
import argparse
import json
import math
import os
import pathlib
import time

import numpy as np
import torch
import torch.distributed
import torch.nn as nn
import torch.nn.functional as F
import yaml


class Block(nn.Module):
    def __init__(self, C, H):
        super().__init__()
        self.H = H
        self.ln_1, self.ln_2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.c_attn, self.attn_proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.c_fc, self.mlp_proj = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.H, C // self.H).transpose(1, 2) for part in self.c_attn(self.ln_1(x)).split(C, 2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, V, L, H, C, T):
        super().__init__()
        self.wte, self.wpe, self.ln_f = nn.Embedding(V, C), nn.Embedding(T, C), nn.LayerNorm(C)
        self.blocks = nn.ModuleList(Block(C, H) for _ in range(L))
        for name, p in self.named_parameters():
            if p.dim() >= 2:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * L) if "_proj" in name else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


class Windows:
    """Windows of T + 1 tokens: shuffled for training, evenly spread for validation."""

    def __init__(self, folder, split, T):
        manifest = json.loads((pathlib.Path(folder) / "manifest.json").read_text())
        files = sorted(pathlib.Path(folder).glob(f"{split}-*.h5"))
        import h5py
        self.tokens = np.concatenate([h5py.File(f)["tokens"][:] for f in files]).astype(np.int64)
        self.T, self.vocabulary = T, manifest.get("tokens", manifest)["vocabulary"]
        self.count = (len(self.tokens) - 1) // T

    def batch(self, indices):
        rows = np.stack([self.tokens[i * self.T:i * self.T + self.T + 1] for i in indices])
        rows = torch.from_numpy(rows)
        return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


class RandomWindows:
    """Tokens without meaning, for speed alone."""

    def __init__(self, vocabulary, T, device):
        self.vocabulary, self.T, self.device, self.count = vocabulary, T, device, 1 << 20

    def batch(self, indices):
        rows = torch.randint(self.vocabulary, (len(indices), self.T + 1), device=self.device)
        return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


# As Convoy's model.preset: layers, heads, channels.
PRESETS = {"gpt2-124m": (12, 12, 768), "gpt2-350m": (24, 16, 1024), "gpt2-774m": (36, 20, 1280), "gpt2-1558m": (48, 25, 1600)}


def learning_rate(c, step, steps):
    s, peak = c["schedule"], c["optimizer"]["lr"]
    warmup = min(s["warmup_steps"], max(steps // 10, 1))
    if step < warmup:
        return peak * step / warmup
    progress = min((step - warmup) / max(steps - warmup, 1), 1.0)
    return peak * (s["final_ratio"] + (1 - s["final_ratio"]) * 0.5 * (1 + math.cos(math.pi * progress)))


class Twin:
    def __init__(self, config, args):
        m, o = config["model"], config["optimizer"]
        self.c, self.precision, self.device, self.T = config, args.precision, args.device, m.get("context", 1024)
        if args.vocabulary:
            self.train = self.validation = RandomWindows(args.vocabulary, self.T, self.device)
        else:
            self.train, self.validation = (Windows(config["data"]["path"], s, self.T) for s in ("train", "validation"))
        sizes = PRESETS[m["preset"]] if "preset" in m else (m["layers"], m["heads"], m["channels"])
        self.model = Gpt2(self.train.vocabulary, *sizes, self.T).to(self.device)
        self.forward = torch.compile(self.model) if args.compile else self.model
        self.rank, self.ranks = 0, 1
        if args.ddp:
            self.rank, self.ranks = torch.distributed.get_rank(), torch.distributed.get_world_size()
            self.forward = nn.parallel.DistributedDataParallel(self.model)
        groups = [{"params": [p for p in self.model.parameters() if p.dim() >= 2], "weight_decay": o["weight_decay"]},
                  {"params": [p for p in self.model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["eps"],
                                           fused=self.device == "cuda")
        self.generator = np.random.default_rng(1 + self.rank)
        self.micro, self.global_batch = config["batch"]["micro"], config["batch"]["global"]

    def loss(self, tokens, targets):
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            return self.forward(tokens.to(self.device), targets.to(self.device))

    def step(self, lr):
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        passes, total = self.global_batch // self.micro // self.ranks, 0.0
        for _ in range(passes):
            loss = self.loss(*self.train.batch(self.generator.integers(0, self.train.count, self.micro))) / passes
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.c["train"]["clip_norm"])
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    @torch.no_grad()
    def evaluate(self):
        batches = min(self.c["evaluate"]["batches"], self.validation.count // self.micro)
        spacing = self.validation.count // self.micro // batches * self.micro
        losses = [self.loss(*self.validation.batch(range(i * spacing, i * spacing + self.micro))).item() for i in range(batches)]
        return sum(losses) / len(losses)


def with_defaults(config):
    defaults = {"train": {"clip_norm": 1.0}, "evaluate": {"batches": 20},
                "optimizer": {"lr": 3e-3, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.1},
                "schedule": {"warmup_steps": 100, "final_ratio": 0.1}}
    for section, values in defaults.items():
        config[section] = {**values, **config.get(section, {})}
    return config


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=0, help="of training, evaluation not counted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--vocabulary", type=int, default=0, help="random tokens below it instead of the config's data")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--ddp", default="", help="file through which the ranks that mpirun started find each other")
    parser.add_argument("--batch", default="", help="MICRO,GLOBAL instead of the config's")
    args = parser.parse_args()
    if args.ddp:
        torch.distributed.init_process_group("gloo", init_method="file://" + os.path.abspath(args.ddp),
                                             rank=int(os.environ["OMPI_COMM_WORLD_RANK"]),
                                             world_size=int(os.environ["OMPI_COMM_WORLD_SIZE"]))
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config = with_defaults(yaml.safe_load(open(args.config)))
    if args.batch:
        config["batch"] = dict(zip(("micro", "global"), map(int, args.batch.split(","))))
    steps = args.steps
    if args.seconds:
        trial = Twin(config, args)
        trial.step(0.0)
        start = time.time()
        for _ in range(10):
            trial.step(0.0)
        steps = max(int(args.seconds / ((time.time() - start) / 10)), 1)
    twin = Twin(config, args)
    tokens = twin.global_batch * twin.T
    begin = time.time()
    for step in range(1, steps + 1):
        start = time.time()
        loss = twin.step(learning_rate(config, step, steps))
        if twin.rank == 0 and (not args.seconds or step % max(steps // 10, 1) == 0):
            print(f"step {step}/{steps} loss {loss:.4f} tokens_per_s {tokens / (time.time() - start):.1f}", flush=True)
    if args.ddp:
        return torch.distributed.destroy_process_group()
    print(f"trained {steps} steps, {steps * tokens} tokens, in {time.time() - begin:.1f} s; "
          f"validation loss {twin.evaluate():.4f}", flush=True)


if __name__ == "__main__":
    main()
