"""What Hugging Face's tokenizers know of Unicode, by asking them, as the tables of datasets/tokenizers.

  unicode_tables.py categories   general categories of characters newer than Unicode 14: Debian 12's PCRE2 has 14, Debian
                                 13's 16, Hugging Face's Oniguruma (tokenizers 0.23) 16
  unicode_tables.py inert        characters that its normalizers leave alone and that newer tables would change or reorder

Needs Python 3.11, whose unicodedata is of Unicode 14, and the packages tokenizers==0.23.3 and unicodedata2==18.0.0.
"""
import sys
import unicodedata

import unicodedata2
from tokenizers import Regex, normalizers, pre_tokenizers

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORIES = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn").split()
FORMS = ["NFC", "NFD", "NFKC", "NFKD"]


def matched_by(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    found = set(CODE_POINTS)
    for begin in range(0, len(CODE_POINTS), 50000):
        text = "".join(map(chr, CODE_POINTS[begin:begin + 50000]))
        for piece, _ in split.pre_tokenize_str(text):
            found.difference_update(map(ord, piece))
    return found


def print_runs(runs):
    for begin in range(0, len(runs), 4):
        print("    " + ", ".join(runs[begin:begin + 4]) + ",")


def categories():
    runs = []
    category = {c: name for name in CATEGORIES for c in matched_by(r"\p{%s}" % name)}
    for c in CODE_POINTS:
        if unicodedata.category(chr(c)) == category[c]:
            continue
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == category[c]:
            runs[-1][1] = c
        else:
            runs.append([c, c, category[c]])
    print_runs(["{0x%X, 0x%X, Category::%s}" % tuple(run) for run in runs])


def differs(c):
    """Whether a normalizer makes of c, alone and among marks of every kind of place, other text than Unicode 18 does."""
    contexts = ["%s", "a\u0301\u0327%s", "a%s\u0301\u0327", "a\u0327%s\u0301", "a\u0301%s\u0327", "a\u093c\u3099\u0345%s\u0334b"]
    return any(getattr(normalizers, form)().normalize_str(context % chr(c)) != unicodedata2.normalize(form, context % chr(c))
               for context in contexts for form in FORMS)


def inert():
    found = {c for c in CODE_POINTS if differs(c)}
    for c in CODE_POINTS:  # what is composed newly takes part as a whole
        parts = unicodedata2.decomposition(chr(c)).split()
        if c in found and parts and not parts[0].startswith("<"):
            found.update(int(part, 16) for part in parts if int(part, 16) > 0xFFFF)
    runs = []
    for c in sorted(found):
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    print_runs(["{0x%X, 0x%X}" % tuple(run) for run in runs])


if __name__ == "__main__":
    if sys.argv[1:] == ["categories"]:
        categories()
    elif sys.argv[1:] == ["inert"]:
        inert()
    else:
        sys.exit(__doc__)
