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
  tells "loss ${last:0:6}" "$TRAINER" eval "$folder"  # the run's last
done
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
