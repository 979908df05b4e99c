#!/usr/bin/env python3
"""For generate_speed.sh: `trainer generate` and llama.cpp's server, in turns. Of each run the seconds of a long prompt
with one token, and of a short one with many; what starting takes is measured by a short one with one and taken off.
The short prompt must not lead to an end of the text: llama.cpp is told to go on, and SmolLM2 does."""
import json
import statistics
import subprocess
import sys
import time
import urllib.request

LONG, MANY = 448, 192
WORD = " one"


class Trainer:
    def __init__(self, program, model, kind):
        self.command = [program, "generate", model, f"precision={kind}", "device=cpu", "parallel.threads=2",
                        "--temperature", "0"]

    def seconds(self, words, tokens):
        """The program starts anew each time."""
        begin = time.perf_counter()
        subprocess.run(self.command + ["--prompt", WORD * words, "--tokens", str(tokens)], check=True,
                       stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin


class Llama:
    def __init__(self, path, kind):
        import xllamacpp
        p = xllamacpp.CommonParams()
        p.model.path, p.n_ctx = path, 1024
        p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 2
        cache = {"f32": xllamacpp.ggml_type.GGML_TYPE_F32, "bf16": xllamacpp.ggml_type.GGML_TYPE_BF16}[kind]
        p.cache_type_k = p.cache_type_v = cache
        self.server = xllamacpp.Server(p)

    def seconds(self, words, tokens):
        body = {"prompt": WORD * words, "n_predict": tokens, "temperature": 0, "cache_prompt": False, "ignore_eos": True}
        request = urllib.request.Request(self.server.listening_address + "/completion", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        begin = time.perf_counter()
        urllib.request.urlopen(request).read()
        return time.perf_counter() - begin


def speeds(program):
    start = program.seconds(1, 1)
    return LONG / (program.seconds(LONG, 1) - start), MANY / (program.seconds(1, MANY + 1) - start)


def main():
    trainer, model, gguf, kind, pairs = sys.argv[1:]
    programs = Trainer(trainer, model, kind), Llama(gguf, kind)
    for program in programs:
        program.seconds(1, 2)
    runs = [[speeds(p) for p in (programs if i % 2 == 0 else programs[::-1])][:: 1 if i % 2 == 0 else -1]
            for i in range(int(pairs))]
    for which, name in enumerate(("reads a prompt", "writes")):
        ours, theirs = [r[0][which] for r in runs], [r[1][which] for r in runs]
        ratios = sorted(a / b for a, b in zip(ours, theirs))
        print(f"{kind}: {name}: {statistics.median(ours):.1f} tokens/s, llama.cpp {statistics.median(theirs):.1f}, "
              f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
