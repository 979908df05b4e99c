#!/usr/bin/env bash
# Runs that begin with another model's weights (model.from): family and sizes come with it, the bits are the same on any
# number of ranks, and a run that goes on needs it no more.
. "$(dirname "$0")/common.sh"
make_data
ranks 1 run.dir=base train.steps=20 model.channels=48 || { cat train.log; fail "training"; }
sed -i '/^model:/d' train.yaml
ranks 1 run.dir=one model.from=base train.steps=10 || { cat train.log; fail "beginning with a run"; }
grep -q '  channels: 48' one/config.yaml || fail "the sizes are not the model's"
ranks 2 run.dir=two model.from=base/checkpoints/step-00000020 train.steps=10 parallel.stage=3 || { cat train.log; fail "beginning with a checkpoint"; }
expect_same "$(weights one)" "$(weights two)"
loss() { sed -n 's/.*"step":1,"loss":\([0-9.]*\),.*/\1/p' "$1/metrics.jsonl"; }
awk "BEGIN { exit !($(loss one) < $(loss base) - 0.5) }" || fail "the first loss is $(loss one), that of a new model $(loss base)"

# An average of the weights begins as they do.
ranks 1 run.dir=average model.from=base train.steps=1 train.ema_decay=0.9999 || { cat train.log; fail "averaging"; }
eval_loss() { "$TRAINER" eval "$@" --json | sed -n 's/.*"loss":\([0-9.]*\),.*/\1/p'; }
awk "BEGIN { exit !(($(eval_loss average) - $(eval_loss base))^2 < 0.01^2) }" || fail "the average is $(eval_loss average), the base $(eval_loss base)"

# Stopped, the base gone, and on with other ranks; a spike may send a run back to the weights it began with.
ranks 2 run.dir=stopped model.from=base train.steps=10 train.stop_at=4 checkpoint.every_steps=4 || { cat train.log; fail "stopping"; }
"$TRAINER" replay one --step 1 >replay.log 2>&1 || { cat replay.log; fail "replaying"; }
grep -q "these are the recorded bits" replay.log || { cat replay.log; fail "the replay began elsewhere"; }
mv base gone
ranks 1 run.dir=stopped model.from=base train.steps=10 run.resume=must || { cat train.log; fail "going on without the base"; }
expect_same "$(weights one)" "$(weights stopped)"
"$TRAINER" eval stopped >eval.log || { cat eval.log; fail "evaluating"; }

refuse 4 "nowhere holds no checkpoint" "$TRAINER" train train.yaml run.dir=new model.from=nowhere
[ ! -e new/config.yaml ] || fail "a refused start left a run"
refuse 4 "the model wants (26, 32)" "$TRAINER" train train.yaml run.dir=new model.from=gone model.channels=32
tr a-e f-j <text.txt >other.txt
"$TRAINER" data import-text other.txt other --tokenizer characters >import.log
refuse 3 "name data of the model's tokenizer" "$TRAINER" train train.yaml run.dir=new model.from=gone data.path=other
