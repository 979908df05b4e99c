#!/usr/bin/env python3
"""Loads a checkpoint folder with Hugging Face transformers and says whether every weight arrived.

    check_huggingface.py FOLDER [--tokens "1 2 3 ..." | --tokens-file FILE] [--save FOLDER]

Prints OK, or each difference and exits 1. With tokens (one sequence, T + 1 of them) also prints `loss X`, the mean
cross entropy in nats per token in float32 without dropout, to be compared with Convoy's. --save writes the loaded
model again, so that the safetensors files can be compared.
Needs the Python packages torch, transformers and safetensors; exits 77 without them.
"""
import argparse
import json
import pathlib
import struct
import sys

try:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def differences(folder):
    """Loads strictly and yields a line for each thing that is not as it should be."""
    model, report = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, torch_dtype="auto")
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        for key in sorted(report.get(kind, [])):
            yield model, f"{kind}: {key}"
    stored = load_file(folder / "model.safetensors")
    loaded = model.state_dict()
    for name, tensor in stored.items():
        if name not in loaded or not torch.equal(loaded[name], tensor):
            yield model, f"changed while loading: {name}"
        elif loaded[name].dtype != tensor.dtype:
            yield model, f"loaded as {loaded[name].dtype}, stored as {tensor.dtype}: {name}"
    tied = model.get_output_embeddings().weight.data_ptr() == model.get_input_embeddings().weight.data_ptr()
    if tied != model.config.tie_word_embeddings or tied == ("lm_head.weight" in stored):
        yield model, "lm_head is tied to the token embedding where it should not be, or the other way round"
    yield model, None


def same_bytes_as_reference_writer(folder):
    """The file must be what the safetensors package writes for the same tensors and metadata."""
    path = folder / "model.safetensors"
    content = path.read_bytes()
    header = json.loads(content[8:8 + struct.unpack("<Q", content[:8])[0]])
    again = folder.parent / (folder.name + ".again.safetensors")
    save_file(load_file(path), again, metadata=header["__metadata__"])
    same = again.read_bytes() == content
    again.unlink()
    return same


def loss_of(model, tokens):
    model = model.float().eval()
    ids = torch.tensor(tokens).unsqueeze(0)
    with torch.no_grad():
        logits = model(ids[:, :-1]).logits[0]
    return torch.nn.functional.cross_entropy(logits, ids[0, 1:]).item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tokens", default="")
    parser.add_argument("--tokens-file", type=pathlib.Path)
    parser.add_argument("--save", type=pathlib.Path)
    arguments = parser.parse_args()

    found = list(differences(arguments.folder))
    model = found[0][0]
    lines = [line for _, line in found if line]
    if not same_bytes_as_reference_writer(arguments.folder):
        lines.append("model.safetensors differs from what the safetensors package writes for the same tensors")
    for line in lines:
        print(line)
    text = arguments.tokens_file.read_text() if arguments.tokens_file else arguments.tokens
    if text.split():
        print(f"loss {loss_of(model, [int(token) for token in text.split()]):.9g}")
    if arguments.save:
        model.save_pretrained(arguments.save)
    if lines:
        sys.exit(1)
    print("OK")


if __name__ == "__main__":
    main()
