#!/usr/bin/env bash
# The everyday commands, and what a run folder holds.
. "$(dirname "$0")/common.sh"
make_data
"$TRAINER" train.yaml run.dir=run >train.log || fail "trainer CONFIG is not trainer train CONFIG"
for file in config.yaml metrics.jsonl log.txt report.html checkpoints/latest; do [ -s "run/$file" ] || fail "run/$file is missing"; done
ls run/events.out.tfevents.* >/dev/null || fail "no TensorBoard events"
checkpoint=run/checkpoints/$(cat run/checkpoints/latest)
for file in model.safetensors config.json config.yaml manifest.json tokenizer.json optimizer-00000-of-00001.safetensors; do
  [ -s "$checkpoint/$file" ] || fail "$checkpoint/$file is missing"
done
for key in step loss lr grad_norm tokens step_ms tokens_per_s data_wait_ms comm_exposed_ms mfu memory_bytes; do
  [ "$(grep -c "\"$key\":" run/metrics.jsonl)" -ge 40 ] || fail "metrics.jsonl lacks $key"
done

last=$(sed -n 's/.*"eval_loss":\([0-9.]*\),.*/\1/p' run/metrics.jsonl | tail -1)
for folder in run "$checkpoint"; do
  tells "loss ${last:0:6}" "$TRAINER" eval "$folder" --batches 4  # as the run's last, evaluate.batches
done
# All of the split unless told otherwise, the same on any number of ranks.
json=$("$TRAINER" eval run --json)
grep -qE '^\{"step":40,"split":"validation","loss":[0-9.]+,"perplexity":[0-9.]+,"tokens":[0-9]+,"data":"[0-9a-f]{32}"\}$' <<<"$json" || fail "eval --json: $json"
tokens=$(sed -n 's/^validation *\([0-9,]*\) tokens.*/\1/p' <<<"$("$TRAINER" data inspect data)" | tr -d ,)
grep -qF "\"tokens\":$(((tokens - 1) / 32 * 32))," <<<"$json" || fail "not the whole split of $tokens tokens: $json"
[ "$json" = "$("$TRAINER" eval run --json --all)" ] || fail "--all is more than all"
[ "$json" = "$("$TRAINER" eval run --json --batches 1000000)" ] || fail "more batches than there are"
[ "$json" = "$(mpirun --oversubscribe -np 2 "$TRAINER" eval run --json)" ] || fail "two ranks evaluate to something else"
[ "$json" != "$("$TRAINER" eval run --json --batches 4)" ] || fail "--batches limits nothing"
tells "train loss" "$TRAINER" eval run --split train --batches 2
refuse 3 "data: the dataset has no test split; import the text again with --test" "$TRAINER" eval run --split test
"$TRAINER" data import-text text.txt tested --test 0.2 >import.log
tells "test loss" "$TRAINER" eval run --split test data.path=tested
refuse 2 "there are train, validation and test" "$TRAINER" eval run --split tset
refuse 2 "give one of them" "$TRAINER" eval run --all --batches 3
"$TRAINER" generate run --prompt "the king" --tokens 60 --seed 3 >one.txt
"$TRAINER" generate run --prompt "the king" --tokens 60 --seed 3 >two.txt
expect_same one.txt two.txt
"$TRAINER" generate run --prompt "the king" --tokens 60 --seed 4 >three.txt
! cmp -s one.txt three.txt || fail "another seed wrote the same text"
grep -q "^the king" one.txt || fail "the text does not begin with the prompt"

"$TRAINER" config >config.log
grep -q "optimizer" config.log || fail "config"
"$TRAINER" config train.yaml optimizer.lr=0.25 >config.log
grep -q "lr: 0.25" config.log || fail "config with a file"
"$TRAINER" doctor >doctor.log || { cat doctor.log; fail "doctor"; }
tells validation "$TRAINER" data inspect data
"$TRAINER" data verify data >/dev/null || fail "verify"
"$TRAINER" report run --chart loss.svg >/dev/null && grep -q "<svg" loss.svg || fail "report"
