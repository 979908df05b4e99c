#!/usr/bin/env python3
"""What in_turns.py compares of reading tables, over and over, with "step N" after each:

    csv_steps.py pandas TABLE            pandas.read_csv, in this process: its import is not counted
    csv_steps.py trainer TABLE TRAINER   the whole command `trainer data import-csv`, from start to a dataset on disk
"""
import shutil
import subprocess
import sys
import tempfile
import time


def main():
    which, table = sys.argv[1:3]
    if which == "pandas":
        import pandas

        def step():
            pandas.read_csv(table)
    else:
        folder = tempfile.mkdtemp()

        def step():
            shutil.rmtree(f"{folder}/data", ignore_errors=True)
            subprocess.run([sys.argv[3], "data", "import-csv", table, f"{folder}/data", "--target", "y"], check=True,
                           stdout=subprocess.DEVNULL)
    for number in range(1000):
        step()
        print(f"step {number}", flush=True)
        time.sleep(0.05)  # to be stopped before the next process is begun


if __name__ == "__main__":
    main()
