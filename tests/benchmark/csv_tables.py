#!/usr/bin/env python3
"""Writes two tables for csv_import.sh: numeric.csv, 21 columns of numbers, and mixed.csv with categories, dates, booleans,
quoted and missing cells.

    csv_tables.py FOLDER ROWS
"""
import random
import sys


def main():
    folder, rows = sys.argv[1], int(sys.argv[2])
    draw = random.Random(1)
    with open(f"{folder}/numeric.csv", "w") as out:
        out.write(",".join(f"c{i}" for i in range(20)) + ",y\n")
        for _ in range(rows):
            out.write(",".join(f"{draw.gauss(0, 10 ** (i % 4)):.6g}" for i in range(21)) + "\n")
    kinds, cities = ["alpha", "beta", "gamma delta", '"epsilon, quoted"'], [f"city {i}" for i in range(40)]
    with open(f"{folder}/mixed.csv", "w") as out:
        out.write("id,kind,city,a,b,day,flag,y\n")
        for i in range(rows):
            a = "" if draw.random() < 0.05 else f"{draw.gauss(0, 1):.4f}"
            day = f"20{draw.randrange(20, 24)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
            out.write(f"{i},{draw.choice(kinds)},{draw.choice(cities)},{a},{draw.randrange(1000)},{day},"
                      f"{draw.choice(['true', 'false'])},{draw.random() * 1e5:.2f}\n")


if __name__ == "__main__":
    main()
