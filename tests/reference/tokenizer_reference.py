"""Tokenizers and the tokens they make, by the libraries they come from: Hugging Face tokenizers and SentencePiece.

  tokenizer_reference.py make PLAYS       trains small tokenizers on the plays and writes tests/reference/tokenizers/
  tokenizer_reference.py check DATASET PLAYS
                                 compares a dataset, imported with --validation 0 from the plays, with what Hugging
                                 Face's library makes of the same text and the dataset's tokenizer.json

Needs Python packages tokenizers, sentencepiece, h5py and numpy. The tests themselves need none of this.
"""
import io
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent / "tokenizers"

# Contractions, runs of blanks, line ends of all kinds, several scripts, characters of two to four bytes, joined emoji,
# combining marks, odd spaces, digits, special tokens (whole, broken and side by side).
TEXTS = [
    "", " ", "\n", "a", "  ", "\n\n\n", "\t\t x", "Hello, world!", " leading and trailing  ",
    "It's they're we've I'm you'll he'd don't O'er 'tis 'TIS IT'S", "'s't're've'm'll'd", "can''t",
    "one  two   three    four", "line\nline\r\nline\n\nline \n line\n  line", "tabs\tand\t\tmore",
    "**HAMLET**  \nTo be, or not to be: that is the question:  \nWhether 'tis nobler in the mind to suffer\n",
    "12 345 6789 3.14159 1e-9 0x1F 1,000,000 \u00bd \u2167 \u0661\u0662", "snake_case CamelCase kebab-case",
    "na\u00efve caf\u00e9 \u00c5ngstr\u00f6m \u00fcber Stra\u00dfe \u0130stanbul", "cafe\u0301 (combining)",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002 \u4f60\u597d\uff0c\u4e16\u754c\uff01\u3000\u5168\u89d2",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0393\u03b5\u03b9\u03ac \u05e9\u05dc\u05d5\u05dd",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f", "\u0926\u0947\u0935\u0928\u093e\u0917\u0930\u0940",
    "no\u00a0break thin\u2009space zero\u200bwidth line\u2028separator", "\u0001\u0002 \u007f control",
    "a<|endoftext|>b", "<|endoftext|>", "<|endoftext|><|endoftext|>", "<|endoftext", "x <|endoftext|> y",
    "!!!???...---***", "a.b.c:d;e", "((([[[{{{", "https://example.org/path?query=1&other=2#fragment",
    "    def f(x):\n        return x ** 2  # squared\n", "trailing space ", "trailing newline\n", "x" * 200, " " * 40 + "y",
]


def byte_level(split, merges, list_merges):
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(ignore_merges=list_merges))
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split is None)
    tokenizer.pre_tokenizer = level if split is None else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), behavior="isolated"), level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=257 + merges, special_tokens=["<|endoftext|>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    return tokenizer, trainer


# Llama 3's pattern.
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")


def plays_text(folder):
    return "".join(path.read_text() for path in sorted(pathlib.Path(folder).glob("*.md")))


def write_expected(name, encode):
    items = [{"text": text, "tokens": encode(text)} for text in TEXTS]
    lines = ",\n".join(json.dumps(item, ensure_ascii=True) for item in items)
    (HERE / f"{name}.expected.json").write_text(f"[\n{lines}\n]\n")


def make(folder):
    HERE.mkdir(exist_ok=True)
    text = plays_text(folder)
    for name, split, merges in [("gpt2_style", None, 800), ("llama3_style", LLAMA3, 500)]:
        tokenizer, trainer = byte_level(split, merges, list_merges=split is not None)
        tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
        content = json.loads(tokenizer.to_str())
        if split is None:  # as the files of GPT-2's time: merges are text, and the model has no type
            content["model"]["merges"] = [" ".join(merge) for merge in content["model"]["merges"]]
            content["model"] = {key: content["model"][key] for key in
                                ["dropout", "unk_token", "fuse_unk", "vocab", "merges"]}
            content["model"] |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
        (HERE / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False) + "\n")
        write_expected(name, lambda text: tokenizer.encode(text, add_special_tokens=False).ids)
    make_sentence_piece(text)


def make_sentence_piece(text):
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text.splitlines()[:20000]), model_writer=model, vocab_size=400, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", minloglevel=2)
    (HERE / "sentence_piece.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    write_expected("sentence_piece", lambda text: processor.encode(text))


def check(dataset, folder):
    import h5py
    import numpy
    from tokenizers import Tokenizer

    dataset = pathlib.Path(dataset)
    tokenizer = Tokenizer.from_file(str(dataset / "tokenizer.json"))
    end = json.loads((dataset / "manifest.json").read_text())["end_of_text"]
    shards = [h5py.File(path)["tokens"][:] for path in sorted(dataset.glob("train-*.h5"))]
    found = numpy.concatenate(shards).astype(numpy.int64)
    wanted = []
    for path in sorted(pathlib.Path(folder).glob("*.md")):
        text = path.read_text()
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if tokenizer.decode(ids[:1000], skip_special_tokens=False) != text[:len(tokenizer.decode(ids[:1000]))]:
            sys.exit(f"{path}: the tokens do not decode to the text")
        wanted += ids + ([end] if end >= 0 else [])
    if found.tolist() != wanted:
        sys.exit(f"{dataset}: {len(found)} tokens differ from the {len(wanted)} of Hugging Face's tokenizers")
    print(f"{dataset}: all {len(found)} tokens are equal")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "make":
        make(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "check":
        check(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
