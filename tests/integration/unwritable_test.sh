#!/usr/bin/env bash
# What only tells of a run never decides how it ends: each of its files in turn cannot be written, for a folder lies in
# its place, and the run says so once and ends well, byte for byte as it would have.
. "$(dirname "$0")/common.sh"
# shellcheck disable=SC2154  # from common.sh
convoy_run=$source_dir/launcher/convoy-run
make_data
"$TRAINER" train train.yaml run.dir=whole >whole.log || { cat whole.log; fail "a run with all its files"; }

# blocked NAME: a run whose NAME is a folder with something in it
blocked() {
  rm -rf blocked
  mkdir -p "blocked/$1"
  touch "blocked/$1/something"
}
finished() {
  expect_same "$(weights whole)" "$(weights blocked)"
  [ "$(grep -c '"loss"' blocked/metrics.jsonl)" -eq 40 ] || fail "$1: metrics are missing"
}
# warned TEXT FILE: exactly one line of the file says the text
warned() { [ "$(grep -cF -- "$1" "$2")" -eq 1 ] || { cat "$2"; fail "not one warning: $1"; }; }

for name in report.html log.txt outcome.json; do
  blocked "$name"
  "$TRAINER" train train.yaml run.dir=blocked >blocked.log 2>&1 || { cat blocked.log; fail "$name decided how a run ends"; }
  finished "$name"
  [ "$(grep -c '^warning: ' blocked.log)" -eq 1 ] || { cat blocked.log; fail "$name: not one warning"; }
  [ "$name" = outcome.json ] || grep -q '"exit_code": 0' blocked/outcome.json || fail "$name: no outcome"
done

# What ranks tell each other, on one of which a file has the place of the folder.
blocked nothing
touch blocked/ranks
ranks 2 run.dir=blocked || { cat train.log; fail "RUN/ranks decided how a run ends"; }
finished ranks
blocked ranks/rank-00000.state
ranks 2 run.dir=blocked || { cat train.log; fail "a rank's state decided how a run ends"; }
finished rank-00000.state

for name in report.html restarts.log outcome.json log.txt; do
  blocked "$name"
  "$convoy_run" --trainer "$TRAINER" --restarts 1 --backoff-s 0 -np 2 -- train.yaml run.dir=blocked >blocked.log 2>&1 ||
    { cat blocked.log; fail "convoy-run and $name: ended with $?"; }
  finished "$name"
  [ "$name" = restarts.log ] || [ "$(grep -c 'start . ended' blocked/restarts.log)" -eq 1 ] || { cat blocked.log; fail "$name: started again"; }
done
blocked restarts.log
"$convoy_run" --trainer "$TRAINER" -np 1 -- train.yaml run.dir=blocked >blocked.log 2>&1
warned "restarts.log cannot be written" blocked.log

# A name that cannot be: TensorBoard's has the host's name in it.
# shellcheck disable=SC2016  # its own $
if unshare --uts bash -c 'printf a/b >/proc/sys/kernel/hostname' 2>/dev/null; then
  rm -rf blocked
  unshare --uts bash -c 'printf a/b >/proc/sys/kernel/hostname; "$@"' bash \
    "$TRAINER" train train.yaml run.dir=blocked >blocked.log 2>&1 || { cat blocked.log; fail "TensorBoard decided how a run ends"; }
  warned "TensorBoard is told nothing" blocked.log
  finished TensorBoard
fi

# metrics.jsonl is read again, by --resume and replay: without it a run is not begun. In the middle it ends nothing.
blocked metrics.jsonl
refuse 2 "takes no metrics, which --resume and replay want" "$TRAINER" train train.yaml run.dir=blocked
[ -e blocked/metrics.jsonl/something ] || fail "a refused start removed what was there"
[ ! -e blocked/config.yaml ] || fail "a refused start began a run"

# A report of a run that one may not write.
mkdir elsewhere
rm whole/report.html
mkdir -p whole/report.html/something
refuse 2 "has its report where --output FILE says" "$TRAINER" report whole
"$TRAINER" report whole --output elsewhere/page.html >report.log || { cat report.log; fail "report --output"; }
grep -q '</html>' elsewhere/page.html || fail "report --output is no page"
refuse 2 "cannot create nowhere/page.html" "$TRAINER" report whole --output nowhere/page.html
refuse 2 "cannot create nowhere/loss.svg" "$TRAINER" report whole --chart nowhere/loss.svg
refuse 2 "one of them is wanted" "$TRAINER" report whole --output a.html --chart b.svg
