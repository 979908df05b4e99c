#!/usr/bin/env bash
# Which of three species a penguin is, by a table with categories and missing values: run.sh [key=value ...]
. "$(dirname "$0")/../common.sh"
data=data/penguins run=runs/penguins
fetch "$data" wheel palmerpenguins==0.1.6 5c3be9af84dd703a25f1aaeadeac6ac770cfd38c1620d00089f581c023129ee0 \
  palmerpenguins/data/penguins.csv
import "$data/dataset" import-csv "$data/penguins.csv" "$data/dataset" --target species --drop year --missing median \
  --validation 0.15 --test 0.15 --seed 1
train examples/penguins/train.yaml "$run" "$@"
"$trainer" eval "$run" --best --split test
"$trainer" predict "$run" "$data/penguins.csv" --best --output "$data/predictions.csv"
head -n 4 "$data/predictions.csv"
