"""Ids that Hugging Face's tokenizers gives for pre-tokenizers and normalizers of all kinds, put into one vocabulary.

  tokenizer_variants.py make            writes tests/reference/tokenizers/variants.expected.json
  tokenizer_variants.py fuzz TRAINER SEED
                                 imports random text of all Unicode with each variant and compares all ids

A variant's vocabulary merges any two bytes, so that ids tell where words were cut. Needs the packages tokenizers==0.23.3
and, to fuzz, h5py; the tests themselves need neither.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent / "tokenizers"

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
PATTERNS = {
    "gpt2": GPT2,
    "llama3": LLAMA3,
    "qwen2": LLAMA3.replace("{1,3}", ""),
    "cl100k": (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
               r"|\s+(?!\S)|\s+"),
    "o200k": O200K,
    "repeats": r"\p{N}{1,3}+|\p{L}{2}?|[^\p{N}\p{L}]{,2}x",
    "sets_in_sets": " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+",
    "digits_from_the_right": r"(?=(\d{3})+(?!\d))",
    "nothing": r"x*",
    "look_around": r"(?<=[a-z])(?=[A-Z])|(?<!\d)\d",
    "categories": (r"\p{Mn}|\p{Mc}|\p{Cf}|\p{Sm}|\p{So}|\p{Sk}|\p{Po}|\p{Pd}|\p{No}|\p{Nl}|\p{Lm}|\p{Lt}|\p{Cn}|\p{Co}"
                   r"|\p{Zs}|\P{L}\p{Ll}"),
    "dot": r".+|\n",
    "case": r"(?i:k|s|i)+",
}
DEEPSEEK = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
             r"|\s*[\r\n]+|\s+(?!\S)|\s+")]


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def variants():
    """Name, pre_tokenizer, normalizer."""
    for name, pattern in PATTERNS.items():
        yield name, sequence(split(pattern), level()), None
    yield "deepseek", sequence(*map(split, DEEPSEEK), level()), None
    yield "byte_level", level(False, True), None
    yield "prefix_space", level(True, True), None
    yield "prefix_space_only", level(True, False), None
    yield "removed", sequence(split(GPT2, "Removed"), level()), None
    yield "removed_gaps", sequence(split(r"\p{L}+", "Removed", True), level(True, True)), None
    yield "digits", sequence(digits(True), level(False, True)), None
    yield "digit_runs", sequence(digits(False), level(True, True)), None
    yield "string", sequence(split(" ", kind="String"), level()), None
    for form in "NFC", "NFD", "NFKC", "NFKD":
        yield form, sequence(split(LLAMA3), level()), {"type": form}
    forms = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFKC"}]}
    yield "forms", level(True, True), forms


def byte_alphabet():
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in own else next(others)) for byte in range(256)]


def pairs_model():
    """Byte b is token b; the i-th merge is of the bytes of number i * 40503 % 65536. The test makes the same."""
    alphabet = byte_alphabet()
    vocabulary = {character: byte for byte, character in enumerate(alphabet)}
    merges = []
    for i in range(1 << 16):
        first, second = divmod(i * 40503 % (1 << 16), 256)
        merges.append([alphabet[first], alphabet[second]])
        vocabulary[alphabet[first] + alphabet[second]] = 256 + i
    return {"type": "BPE", "vocab": vocabulary, "merges": merges}


MODEL = pairs_model()


def file_of(pre_tokenizer, normalizer):
    added = [{"id": len(MODEL["vocab"]) + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": i > 0, "special": i == 0} for i, content in enumerate(["<|endoftext|>", "<x>", "\u65e5"])]
    return json.dumps({"added_tokens": added, "pre_tokenizer": pre_tokenizer, "normalizer": normalizer, "model": MODEL})


# Blocks of characters that rules of cutting and normalizing treat in their own ways.
POOLS = [
    range(32, 127), [10, 13, 9, 32, 32, 0xA0, 0x180E, 0x3000, 0x85, 0x200B, 0x2028, 0x1680, 0], range(0x80, 0x250),
    range(0x300, 0x36F), range(0x400, 0x530), range(0x5D0, 0x700), range(0x900, 0xE00), range(0x1100, 0x11FF),
    range(0x4E00, 0x4F00), range(0xAC00, 0xAC80), range(0x1D00, 0x2000), range(0x2000, 0x2800), range(0x3040, 0x3200),
    range(0xFB00, 0xFB10), range(0xFF00, 0xFFEF), range(0x1F300, 0x1FAFF), [0x17F, 0x212A, 0x130, 0x131, 0xDF, 0x1E9E],
    [0x1FABF, 0x2EBF0, 0x31350, 0x16D67, 0x1E030, 0x10D40, 0x1FAE8, 0x2FFC, 0x897, 0x1C89, 0x11DE0],
    list(map(ord, "'sStTrRvVmMlLdDfiKk123 09")),
]


def random_text(chance):
    length = chance.choice([1, 2, 3, 5, 8, 20, 60])
    pools = chance.sample(POOLS, chance.choice([1, 2, 3, 4]))
    text = []
    while len(text) < length:
        code_point = chance.randrange(0x110000) if chance.random() < .06 else chance.choice(chance.choice(pools))
        if not 0xD800 <= code_point <= 0xDFFF:
            text.append(chr(code_point) * chance.choice([1, 1, 1, 1, 2, 4]))
    if chance.random() < .15:
        text.insert(chance.randrange(len(text) + 1), chance.choice(["<|endoftext|>", "<x>", "<|endoftext|", "\u65e5"]))
    return "".join(text)


def ids_of(file, texts):
    tokenizer = Tokenizer.from_str(file)
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def make():
    chance = random.Random(3)
    texts = ["It's HE'LL don\u2019t 'S 'LL'd 1234567 12,345 \U0001fabf x\u180ey\u3000z \U000313501\U00011de0"]
    texts += [random_text(chance) for _ in range(16)]
    items = [json.dumps({"name": name, "pre_tokenizer": cut, "normalizer": normalizer,
                         "tokens": ids_of(file_of(cut, normalizer), texts)}, separators=(",", ":"))
             for name, cut, normalizer in variants()]
    lines = ",\n".join(items)
    (HERE / "variants.expected.json").write_text(f'{{"texts": {json.dumps(texts)},\n"variants": [\n{lines}\n]}}\n')


def fuzz(trainer, seed):
    import h5py

    chance = random.Random(seed)
    text = "".join(random_text(chance) + chance.choice(["", "\n", " "]) for _ in range(5000))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text.txt").write_text(text, newline="")
        for name, cut, normalizer in variants():
            (folder / "tokenizer.json").write_text(file_of(cut, normalizer))
            subprocess.run([trainer, "data", "import-text", folder / "text.txt", folder / "out", "--force", "--tokenizer",
                            folder / "tokenizer.json", "--validation", "0"], check=True, stdout=subprocess.DEVNULL)
            found = h5py.File(folder / "out" / "train-00000.h5")["tokens"][:].tolist()
            end = json.loads((folder / "out" / "manifest.json").read_text())["end_of_text"]
            wanted = ids_of((folder / "tokenizer.json").read_text(), [text])[0] + ([end] if end >= 0 else [])
            if found != wanted:
                at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
                sys.exit(f"{name}: token {at} of {len(wanted)} differs")
            print(f"{name}: all {len(found)} tokens are equal")


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        make()
    elif len(sys.argv) == 4 and sys.argv[1] == "fuzz":
        fuzz(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)
