#!/usr/bin/env python3
"""What in_turns.py compares of encoding text, over and over, with "step N" after each:

    text_steps.py tokenizers TEXT TOKENIZER        encode_batch of the text's pieces of about 64 KiB, all in memory
    text_steps.py trainer TEXT TOKENIZER TRAINER   the whole command `trainer data import-text`, to a dataset on disk
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def pieces(text, size=65536):
    """Cut before a line, which no word of these texts goes over."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + size)
        end = len(text) if end < 0 else end
        yield text[begin:end]
        begin = end


def steps(which, text, tokenizer, more):
    if which == "tokenizers":
        from tokenizers import Tokenizer

        encoder = Tokenizer.from_file(tokenizer)
        with open(text, encoding="utf-8", newline="") as file:
            batch = list(pieces(file.read()))
        return lambda: encoder.encode_batch(batch, add_special_tokens=False)
    folder = tempfile.mkdtemp()

    def leave(*_):
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)

    def imported():
        shutil.rmtree(f"{folder}/data", ignore_errors=True)
        subprocess.run([more[0], "data", "import-text", text, f"{folder}/data", "--tokenizer", tokenizer], check=True,
                       stdout=subprocess.DEVNULL)
    return imported


def main():
    which, text, tokenizer, *more = sys.argv[1:]
    step = steps(which, text, tokenizer, more)
    for number in range(1000):
        step()
        print(f"step {number}", flush=True)
        time.sleep(0.05)  # to be stopped before the next process is begun


if __name__ == "__main__":
    main()
