#!/usr/bin/env python3
"""Loads an exported adapter with the real PEFT beside its model, and says whether the model that it was merged into
gives the same logits.

    check_peft.py ADAPTER MERGED     folders of `trainer export RUN OUT --format peft` and `--format huggingface`

Prints the largest differences and OK, or exits 1 if the merged model is more than 1e-5 from the adapter beside its
model, if the adapter changes nothing, or if PEFT did not find a place for each of its weights. Needs the Python
packages torch, transformers, peft and safetensors; exits 77 without them.
"""
import json
import pathlib
import sys

try:
    import torch
    from peft import PeftModel
    from peft.utils import get_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def load(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def main(adapter, merged):
    base = json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"]
    model = load(base)
    tokens = torch.randint(model.config.vocab_size, (2, 17), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        alone = model(tokens).logits
        beside = PeftModel.from_pretrained(model, adapter).eval()
        found = get_peft_model_state_dict(beside)
        stored = load_file(adapter / "adapter_model.safetensors")
        if found.keys() != stored.keys() or any(not torch.equal(found[name], stored[name].float()) for name in stored):
            print("PEFT holds other weights than the file")
            return 1
        logits = beside(tokens).logits
        difference = (load(merged)(tokens).logits - logits).abs().max().item()
    change = (logits - alone).abs().max().item()
    print(f"the adapter changes logits by up to {change:.3g}; merged they are {difference:.3g} from that")
    if change < 1e-3 or not difference <= 1e-5:
        return 1
    print("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
