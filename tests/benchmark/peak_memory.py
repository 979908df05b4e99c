#!/usr/bin/env python3
"""The most memory that a command had in RAM at once, in MiB: peak_memory.py COMMAND"""
import resource
import shlex
import subprocess
import sys

run = subprocess.run(shlex.split(sys.argv[1]), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
if run.returncode != 0:
    sys.exit(f"peak_memory.py: exit status {run.returncode} of {sys.argv[1]}\n{run.stdout}")
print(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f}")
