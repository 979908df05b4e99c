#!/usr/bin/env python3
"""Two programs that train, beside each other on a machine whose speed drifts: they make their steps in turns, the one that
does not have its turn is stopped (SIGSTOP).

    in_turns.py STEPS COMMAND_A COMMAND_B      prints "A B RATIO LOWER UPPER": the median seconds of a step of each, then
                                               median and quartiles of A's seconds over B's, pair by pair

Each command is one process: a child that is born while it is stopped may stay so. It prints a line that begins with
"step " after every step, flushes it, and makes STEPS + 3 steps or more: three warm up. Which one goes first alternates.
Both are killed at the end.
"""
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time

WARM_UP = 3


class Program:
    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True, start_new_session=True)

    def send(self, number):
        os.killpg(self.process.pid, number)

    def step(self):
        """Seconds until its next line of a step, then it is stopped."""
        start = time.perf_counter()
        self.send(signal.SIGCONT)
        for line in self.process.stdout:
            if line.startswith("step "):
                seconds = time.perf_counter() - start
                self.send(signal.SIGSTOP)
                return seconds
        status = self.process.wait()
        sys.exit(f"in_turns.py: wanted a line that begins with 'step ', found exit status {status} of\n{self.command}")

    def kill(self):
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
            self.process.wait()


def main():
    if len(sys.argv) != 4 or not sys.argv[1].isdigit() or int(sys.argv[1]) < 2:
        sys.exit(f"{__doc__}\nSTEPS is 2 or more")
    programs, seconds = [], ([], [])
    try:
        for command in sys.argv[2:]:
            programs.append(Program(command))
            for _ in range(WARM_UP):
                programs[-1].step()
        for pair in range(int(sys.argv[1])):
            for which in (0, 1) if pair % 2 == 0 else (1, 0):
                seconds[which].append(programs[which].step())
    finally:
        for program in programs:
            program.kill()
    ratios = [a / b for a, b in zip(*seconds)]
    lower, middle, upper = statistics.quantiles(ratios, n=4, method="inclusive")
    print(f"{statistics.median(seconds[0]):.4f} {statistics.median(seconds[1]):.4f} {middle:.3f} {lower:.3f} {upper:.3f}")


if __name__ == "__main__":
    main()
