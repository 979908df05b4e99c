"""Small SentencePiece models of every kind, and the tokens that the library makes of TEXTS with them.

  sentence_piece_models.py PLAYS      trains on the plays and writes tests/reference/tokenizers/sentence_piece_*.model

Needs the package sentencepiece==0.2.3; the tests themselves need it not.
"""
import io
import json
import pathlib
import sys
import tempfile

import sentencepiece

from tokenizer_reference import HERE, TEXTS, plays_text

# Rules as a model may bring along: to a space, to nothing, to more characters, of several characters, of a space.
RULES = ["3000\t20", "A\t20", "D\t", "200B\t", "FB01\t66 69", "65 301\tE9", "2E 2E 2E\t2026", "20 2E\t2E", "A0\t20 20"]

KINDS = {
    # Keeps line ends and indentation.
    "lines": {"model_type": "bpe", "byte_fallback": True, "remove_extra_whitespaces": False,
              "user_defined_symbols": ["\n", "    ", "<sep>"]},
    "unigram": {"model_type": "unigram", "rules": True},
    "suffix": {"model_type": "bpe", "treat_whitespace_as_suffix": True, "rules": True},
    "bare": {"model_type": "unigram", "byte_fallback": True, "remove_extra_whitespaces": False, "add_dummy_prefix": False},
    "across": {"model_type": "bpe", "split_by_whitespace": False, "rules": True},
    "words": {"model_type": "word"},
    "characters": {"model_type": "char", "rules": True},
}


def train(lines, rules=False, **options):
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("\n".join(RULES) + "\n")
        file.flush()
        rule_options = {"normalization_rule_tsv": file.name} if rules else {"normalization_rule_name": "identity"}
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, minloglevel=2,
                                                 **({"vocab_size": 400} | rule_options | options))
    return model.getvalue()


def main(folder):
    lines = plays_text(folder).splitlines()[:8000]
    for name, options in KINDS.items():
        options = dict(options)
        if options["model_type"] == "char":
            options["vocab_size"] = 60
        model = train(lines, **options)
        (HERE / f"sentence_piece_{name}.model").write_bytes(model)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        items = ",\n".join(json.dumps({"text": text, "tokens": processor.encode(text)}) for text in TEXTS)
        (HERE / f"sentence_piece_{name}.expected.json").write_text(f"[\n{items}\n]\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
