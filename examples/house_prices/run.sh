#!/usr/bin/env bash
# What a house costs, by 12 facts about its quarter: run.sh [key=value ...] of the config.
. "$(dirname "$0")/../common.sh"
data=data/house_prices run=runs/house_prices
fetch "$data" wheel islp==0.6.0 ca772cecca1747a2f84ee799a5503ddddbdf0e98f90c235494790c1d036c694b ISLP/data/Boston.csv
import "$data/dataset" import-csv "$data/Boston.csv" "$data/dataset" --target medv --validation 0.1 --test 0.2 --seed 1
train examples/house_prices/train.yaml "$run" "$@"
"$trainer" eval "$run" --split test
# Prices of new houses: a table with the same columns, in any order; what is known of the price is not looked at.
head -n 6 "$data/Boston.csv" >"$data/new.csv"
"$trainer" predict "$run" "$data/new.csv" --output "$data/prices.csv"
cat "$data/prices.csv"
