#!/usr/bin/env bash
# Pictures of clothes by two deeper nets: run.sh [resnet|inception] [key=value ...]
. "$(dirname "$0")/../common.sh"
model=${1:-resnet} data=data/fashion
[ $# -eq 0 ] || shift
files=(usr/share/datasets/fashion-mnist/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz)
fetch "$data" deb dataset-fashion-mnist "${files[@]}"
import "$data/dataset" import-idx "$data" "$data/dataset" --validation 0.1 --seed 1
train "examples/fashion/$model.yaml" "runs/fashion_$model" "$@"
"$trainer" eval "runs/fashion_$model" --split test
