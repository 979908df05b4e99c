#!/usr/bin/env python3
"""check_token_ids.py PROGRAM MEGABYTES [TOKENIZER.json ...]: on mixed text the program token_ids gives the ids that the
package `tokenizers` gives, for the tokenizers named and for four trained here, which cut words as GPT-2, Llama 3, Qwen2 and
GLM do. Exits 77 where the package is not installed."""
import array
import pathlib
import subprocess
import sys
import tempfile

try:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
except ImportError:
    print("skipped: the Python package tokenizers is not installed")
    sys.exit(77)

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def cut_by(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])


def trained(name, text, folder):
    tokenizer = Tokenizer(models.BPE(ignore_merges=name in ("llama3", "glm")))
    tokenizer.pre_tokenizer = {"gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False), "llama3": cut_by(LLAMA3),
                               "qwen2": cut_by(QWEN2), "glm": cut_by(LLAMA3)}[name]
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>"] + (["[gMASK]", "<sop>", "<|user|>"] if name == "glm" else [])
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=6000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=special, show_progress=False))
    if name == "glm":
        tokenizer.add_tokens([AddedToken("CamelCase", normalized=False)])
    path = folder / f"{name}.json"
    tokenizer.save(str(path))
    return path


def check(program, path, text_path, text, folder):
    out = folder / "ids"
    subprocess.run([program, str(path), str(text_path), str(out)], check=True)
    ours = array.array("i", out.read_bytes())
    theirs = Tokenizer.from_file(str(path)).encode(text, add_special_tokens=False).ids
    if list(ours) == theirs:
        print(f"{path.name}: {len(theirs)} ids of {len(text.encode())} bytes are the same")
        return True
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    print(f"FAILED: {path}: id {at} of {len(ours)} is {ours[at:at + 5].tolist()}, there of {len(theirs)} {theirs[at:at + 5]}")
    return False


def main():
    program, megabytes, named = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        text_path = folder / "text"
        subprocess.run([sys.executable, str(pathlib.Path(__file__).with_name("mixed_text.py")), str(text_path), megabytes],
                       check=True)
        text = text_path.read_bytes().decode()
        paths = [pathlib.Path(path) for path in named]
        paths += [trained(kind, text[:300000], folder) for kind in ("gpt2", "llama3", "qwen2", "glm")]
        results = [check(program, path, text_path, text, folder) for path in paths]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
