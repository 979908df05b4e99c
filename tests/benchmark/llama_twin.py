#!/usr/bin/env python3
"""The Llama of a Convoy config, its data and AdamW, by Hugging Face transformers in eager PyTorch on the CPU: what Convoy
is measured beside.

    llama_twin.py CONFIG --steps 12 [--threads 2] [--precision bf16] [--lora 8]

Prints a line "step ..." after every step. --lora: PEFT's adapters of that rank beside all linear maps of the blocks are
trained in place of the model. Needs torch, transformers, pyyaml, h5py and, for adapters, peft. The faster of transformers' own attentions (sdpa) is taken, and its loss.
"""
import argparse
import math

import torch
import yaml
from transformers import LlamaConfig, LlamaForCausalLM

from pytorch_twin import Windows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--lora", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config = yaml.safe_load(open(args.config))
    m, batch, o = config["model"], config["batch"], config["optimizer"]
    data = Windows(config["data"]["path"], "train", m["context"])
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=m["vocabulary"], hidden_size=m["channels"], intermediate_size=m["hidden"], num_hidden_layers=m["layers"],
        num_attention_heads=m["heads"], num_key_value_heads=m["kv_heads"], max_position_embeddings=m["context"],
        tie_word_embeddings=m["tied"], attn_implementation="sdpa", use_cache=False))
    if args.lora > 0:
        from peft import LoraConfig, get_peft_model
        model = get_peft_model(model, LoraConfig(r=args.lora, lora_alpha=2 * args.lora, target_modules="all-linear",
                                                 task_type="CAUSAL_LM"))
    trained = [p for p in model.parameters() if p.requires_grad]
    print(f"{sum(p.numel() for p in trained) / 1e6:.1f} M parameters", flush=True)
    decays = [p for p in trained if p.dim() >= 2]
    others = [p for p in trained if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decays, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  lr=o["lr"], betas=(0.9, 0.95))
    passes = batch["global"] // batch["micro"]
    order = torch.randperm(data.count, generator=torch.Generator().manual_seed(1)).tolist()
    for step in range(1, args.steps + 1):
        total = 0.0
        for _ in range(passes):
            take, order = order[:batch["micro"]], order[batch["micro"]:] + order[:batch["micro"]]
            tokens, targets = data.batch(take)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16"):
                logits = model(tokens).logits
            loss = torch.nn.functional.cross_entropy(logits.float().view(-1, logits.shape[-1]), targets.view(-1)) / passes
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(trained, config["train"].get("clip_norm", 1.0) or math.inf)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        print(f"step {step} loss {total:.4f}", flush=True)


if __name__ == "__main__":
    main()
