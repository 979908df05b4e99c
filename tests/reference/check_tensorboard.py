#!/usr/bin/env python3
"""check_tensorboard.py FOLDER: TensorBoard reads from the event files what metrics.jsonl says, after a resume too.

Prints OK, or each difference and exits 1. Needs the Python package tensorboard; exits 77 without it.
"""
import json
import math
import pathlib
import struct
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TAGS = {
    "loss": "train/loss",
    "lr": "train/lr",
    "grad_norm": "train/grad_norm",
    "tokens_per_s": "speed/tokens_per_s",
    "step_ms": "speed/step_ms",
    "data_wait_ms": "speed/data_wait_ms",
    "comm_exposed_ms": "speed/comm_exposed_ms",
    "mfu": "speed/mfu",
    "memory_bytes": "memory/device_bytes",
    "eval_loss": "eval/loss",
}


def f32(value):
    return struct.unpack("f", struct.pack("f", math.nan if value is None else value))[0]


def main():
    folder = pathlib.Path(sys.argv[1])
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    wrong = 0
    for key, tag in TAGS.items():
        wanted = [(line["step"], f32(line[key])) for line in lines if key in line]
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        if not wanted or repr(found) != repr(wanted):
            wrong += 1
            print(f"{tag}: {len(found)} values, wanted {len(wanted)}; first differing: "
                  f"{next(((f, w) for f, w in zip(found, wanted) if repr(f) != repr(w)), 'none')}")
    if wrong:
        sys.exit(1)
    print("OK")


if __name__ == "__main__":
    main()
