#!/usr/bin/env bash
# convoy-run: what it starts again and what not, when it gives up, on which hosts it goes on; and signals through mpirun.
# The decisions are tested with an mpirun that plays the ranks and a trainer that tells a config; signals with real ones.
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2154  # from common.sh
convoy_run=$source_dir/launcher/convoy-run
export TRAINER

# A played mpirun: its n-th start reads line n of `script`: exit code, checkpoint step to make (0: none). It notes its
# words. Exit code "stuck": it has a rank, which ends, and hangs; "alone": it never has one, and takes three seconds.
cat >played_mpirun <<'SH'
#!/usr/bin/env bash
n=$(($(cat starts 2>/dev/null || echo 0) + 1)); echo $n >starts; echo "$*" >>words
read -r code step < <(sed -n "${n}p" script)
mkdir -p run/checkpoints; touch run/config.yaml
if [ "$step" -gt 0 ]; then
  name=run/checkpoints/step-$(printf %08d "$step"); mkdir -p "$name"
  echo "{\"virtual_ranks\": ${played_virtual_ranks:-8}}" >"$name/manifest.json"
fi
case $code in
  stuck) (exec -a "$PWD/played_trainer" sleep 1); exec sleep 1000 ;;
  alone) sleep 3; code=0 ;;
esac
exit "$code"
SH
cat >played_trainer <<'SH'
#!/usr/bin/env bash
[[ "$*" != *"--value run.dir" ]] || { echo run; exit; }
[[ "$*" != *"--rank-counts "* ]] || exec "$TRAINER" config batch.micro=1 batch.global=96 --rank-counts "${@: -1}"
printf 'run:\n  dir: run\nparallel:\n  virtual_ranks: auto\ncheckpoint:\n  every_steps: 10\n'
SH
chmod +x played_mpirun played_trainer

# play CODE STARTS TEXT "SCRIPT LINES" OPTIONS...: ends with that code after so many starts, having said the text
play() {
  local code=$1 wanted=$2 text=$3 lines=$4 found=0
  shift 4
  rm -rf run starts words
  printf '%b\n' "$lines" >script
  "$convoy_run" --trainer ./played_trainer --mpirun ./played_mpirun --backoff-s 0 "$@" -- train.yaml run.dir=run >play.log 2>&1 || found=$?
  [ "$found" -eq "$code" ] || { cat play.log; fail "exit code $found, wanted $code: $lines $*"; }
  [ "$(cat starts 2>/dev/null || echo 0)" -eq "$wanted" ] || { cat play.log; fail "$(cat starts) starts, wanted $wanted: $lines $*"; }
  grep -qF -- "$text" play.log run/restarts.log || { cat play.log run/restarts.log; fail "nobody said '$text': $lines $*"; }
}

for code in 0 2 3 4 72 85 130; do play $code 1 "exit code $code" "$code 0" -np 2; done
for code in 1 70 71 134 137 139; do play 0 2 "exit code $code" "$code 0\n0 10" -np 2; done
play 0 3 "killed by signal 9 (KILL)" "137 10\n137 20\n0 30" -np 2 --restarts 1
play 137 3 "3 starts in a row died before the first new checkpoint at a step after 0" "137 0\n139 0\n137 0\n0 0" -np 2 --restarts 2
play 137 4 "2 starts in a row died before the first new checkpoint at a step after 20" "137 10\n137 20\n139 20\n137 20\n0 0" -np 2 --restarts 2
play 71 1 "--restarts is 0" "71 10" -np 2 --restarts 0
play 0 2 "has outlived its ranks by 1 s and is killed" "stuck 10\n0 20" -np 2 --stuck-s 1
play 0 1 "exit code 0" "alone 10" -np 2 --stuck-s 1
play 85 2 "exit code 85" "137 10\n85 20" -np 2
[ "$(grep -c 'run.resume=auto' words)" -eq 2 ] || { cat words; fail "a start without run.resume=auto"; }
[ "$(grep -c 'start . ended' run/restarts.log)" -eq 2 ] || { cat run/restarts.log; fail "restarts.log lacks a start"; }
# shellcheck disable=SC2016  # the command's own $1
play 137 1 "--before-restart failed" "137 10\n0 0" -np 2 --before-restart 'test ! -d "$1/checkpoints"'

# Hosts: the probe answers for those that have a file. b and c are lost at the first start.
touch host-a
# shellcheck disable=SC2054
lost=(--hosts a:4,b:2,c:2 --drop-hosts --probe 'test -e host-{}')
play 0 2 "going on with 4 ranks" "137 10\n0 20" "${lost[@]}"
grep -q -- '-np 4 --host a:4 ' words || { cat words; fail "not on the host that is left"; }
touch host-b host-c
play 0 2 "8 ranks on a:4,b:2,c:2" "137 10\n0 20" "${lost[@]}"
rm host-c
play 1 0 "the run's 8 virtual ranks can be on 8 4 2 1 ranks and --min-ranks is 5" "0 10" "${lost[@]}" --min-ranks 5 --restarts 2
play 0 1 "going on with 4 ranks" "0 10" "${lost[@]}" --min-ranks 4
# The sum of 12 virtual ranks can be that of 6 or 3 ranks, not of 4 or 2: so the trainer says, which would refuse them.
rm host-b
export played_virtual_ranks=12
play 0 2 "12 virtual ranks can be on 3 1: going on with 3 ranks" "137 10\n0 20" "${lost[@]/a:4,b:2,c:2/a:5,b:6,c:1}"
unset played_virtual_ranks
refuse 2 "how many ranks" "$convoy_run" --trainer ./played_trainer -- train.yaml
refuse 2 "no config" "$convoy_run" -np 2
refuse 2 "a whole number is wanted" "$convoy_run" -np two -- train.yaml
# refused WORDS... TEXT: values that can never work
refused() { refuse 2 "${*: -1}" "$convoy_run" --trainer ./played_trainer --mpirun ./played_mpirun "${@:1:$#-1}" -- train.yaml; }
refused -np 0 "at least 1 is wanted"
refused -np -2 "a whole number is wanted"
refused -np 99999999999 "at most 9 digits"
for option in --restarts --backoff-s --stuck-s --min-ranks; do
  for value in -1 nan 1.5 '' 99999999999; do refused -np 2 "$option" "$value" "$option"; done
done
refused -np 2 --min-ranks 0 "at least 1 is wanted"
refused -np 2 --min-ranks 3 "no start could have as many"
for hosts in a:x a:-1 'a:2,' ',a' :2 a:2:3; do refused --hosts "$hosts" "names and numbers of ranks are wanted"; done
refused --hosts a:0 "at least 1 is wanted"
play 0 3 "exit code 0" "137 10\n137 20\n0 30" -np 02 --restarts 08 --stuck-s 09
tells --drop-hosts "$convoy_run" --help

# Real ranks. A start is under way when metrics.jsonl has lines.
make_data
train=(-np 2 -- train.yaml train.steps=20000 checkpoint.every_steps=0 evaluate.every_steps=0)
begin() {
  rm -rf "$1"
  # What a script begins with & ignores INT unless told otherwise.
  env --default-signal=INT "$convoy_run" --trainer "$TRAINER" --backoff-s 0 "${train[@]}" run.dir="$1" >"$1.log" 2>&1 &
  job=$!
  for _ in $(seq 300); do [ ! -s "$1/metrics.jsonl" ] || return 0; sleep 0.05; done
  cat "$1.log"; fail "$1 did not begin"
}
checkpoints() { find "$1/checkpoints" -maxdepth 1 -name 'step-*' | wc -l; }
ends_with() {
  local code=0
  wait "$job" || code=$?
  [ "$code" -eq "$1" ] || { tail -20 "$2.log"; fail "$2 ended with $code, wanted $1"; }
  ! pgrep -f "^$TRAINER train train.yaml .*run.dir=$2 " || fail "$2: a rank is still there"
}
begin usr1
kill -USR1 "$job"
for _ in $(seq 200); do [ ! -s usr1/checkpoints/latest ] || break; sleep 0.05; done
[ "$(checkpoints usr1)" -ge 1 ] || fail "USR1 saved nothing"  # two, where a rank heard of it a step after the other
step=$(cat usr1/checkpoints/latest)
kill -TERM "$job"
ends_with 85 usr1
[[ "$(cat usr1/checkpoints/latest)" > "$step" ]] || fail "after USR1 the run did not go on, or TERM saved nothing"
grep -q '"exit_code": 85' usr1/outcome.json || fail "no outcome"
begin int
kill -INT "$job"
ends_with 85 int
[ "$(checkpoints int)" -eq 1 ] || fail "INT saved nothing"
# Ranks that hang do not save. A second INT ends them: mpirun lets them go on, and kills them after a second.
begin twice
pkill -STOP -f "^$TRAINER train train.yaml .*run.dir=twice "
kill -INT "$job"; sleep 0.5; kill -INT "$job"
code=0 began=$SECONDS
wait "$job" || code=$?
((SECONDS - began < 10)) || fail "a second INT took $((SECONDS - began)) s"
case $code:$(checkpoints twice) in 130:0 | 85:1) ;; *) fail "a second INT ended with $code and $(checkpoints twice) checkpoints" ;; esac

# mpirun itself gets a TERM, as when a batch system ends all processes: it ends with 1, convoy-run with what the ranks left.
begin term
pkill -TERM -P "$job" -x "mpirun|prterun"
ends_with 85 term
