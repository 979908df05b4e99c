#!/usr/bin/env python3
"""mixed_text.py OUT MEGABYTES [SEED]: text of many languages, code, emoji and odd white space, the same for the same seed
and Python: characters of scripts drawn at random, words that come again and again, Python's own library as code."""
import pathlib
import random
import sys
import sysconfig

SCRIPTS = [(0x61, 0x7A), (0x61, 0x7A), (0x61, 0x7A), (0x41, 0x5A), (0xC0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF),
           (0x531, 0x587), (0x5D0, 0x5EA), (0x620, 0x64A), (0x904, 0x939), (0xE01, 0xE2E), (0x10D0, 0x10F0),
           (0x1EA0, 0x1EF9), (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FA5), (0x4E00, 0x4FFF), (0xAC00, 0xD7A3)]
MARKS = [(0x300, 0x36F), (0x93E, 0x94D), (0x64B, 0x652), (0xFE00, 0xFE0F), (0x200B, 0x200F)]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "🏳️‍🌈", "1️⃣", "🤷‍♀️", "✨", "𝔘𝔫𝔦", "ﬁ", "Ⅷ", "½", "²"]
SPACES = [" ", " ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", "\t\t", " \n", "\n ", "\u00a0", "\u2003",
          "\u3000", "\u2028", "\u0085", "\x0b", "\x0c", "\u200b", "\ufeff", "\x00", "\x1f", " \t \n \n"]
PIECES = ["'s", "'S", "'ll", "’t", "don't", "I'VE", "1", "12", "123", "1234567890", "3.14", "-1e-9", "٣٤٥", "१२३", "...", "!?",
          "«»", "“quoted”", "—", "_", "__init__", "a_b", "CamelCase", "ALLCAPS", "http://a.b/c?d=e&f#g", "<|endoftext|>",
          "</s>", "[INST]", "{}[]()", "//", "/*", "*/", "==", "!==", "->", "=>", "$", "€", "%", "@user", "#tag", "\\n"]


def letter(rng):
    return chr(rng.randint(*rng.choice(SCRIPTS)))


def word(rng):
    script = rng.choice(SCRIPTS)
    text = "".join(chr(rng.randint(*script)) for _ in range(rng.randint(1, 9)))
    if rng.random() < 0.05:
        text += chr(rng.randint(*rng.choice(MARKS)))
    return text.capitalize() if rng.random() < 0.15 else text


def prose(rng, words):
    parts = []
    for _ in range(rng.randint(50, 400)):
        kind = rng.random()
        if kind < 0.75:
            parts.append(words[int(len(words) * rng.random() ** 3)])
        elif kind < 0.85:
            parts.append(word(rng))
        elif kind < 0.95:
            parts.append(rng.choice(PIECES))
        elif kind < 0.98:
            parts.append(rng.choice(EMOJI))
        else:
            parts.append(letter(rng) * rng.randint(1, 40))
        parts.append(" " if rng.random() < 0.8 else rng.choice(SPACES) if rng.random() < 0.8 else "")
    return "".join(parts)


def main():
    out, size = sys.argv[1], int(float(sys.argv[2]) * 1e6)
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    words = [word(rng) for _ in range(20000)]
    code = sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))
    written = 0
    with open(out, "w", encoding="utf-8", newline="") as file:
        while written < size:
            text = prose(rng, words)
            if code and rng.random() < 0.2:
                source = rng.choice(code).read_text(encoding="utf-8", errors="replace")
                begin = rng.randrange(max(1, len(source)))
                text = source[begin:begin + 3000]
            text += rng.choice(SPACES)
            written += len(text.encode())
            file.write(text)


if __name__ == "__main__":
    main()
