#!/usr/bin/env bash
# Conversations out of Shakespeare's plays, as launcher/fetch_shakespeare.sh brings them: conversations.sh PLAYS OUT
#
# OUT/train.jsonl has those of nine plays in ten, OUT/heldout.jsonl those of every tenth. What one character says is the
# user's message, what the other answers the assistant's, for as long as no third one speaks, two answers at most; the
# system's message names the part. Speeches of more than 400 characters are left out. The same files give the same lines.
set -euo pipefail
export LC_ALL=C
[ $# -eq 2 ] || { echo "usage: conversations.sh PLAYS OUT" >&2; exit 1; }
plays=$1 out=$2
compgen -G "$plays/*.md" >/dev/null || {
  echo "conversations: no plays (*.md) in $plays; launcher/fetch_shakespeare.sh $plays fetches them" >&2
  exit 1
}
mkdir -p "$out"

# Lines of one play on standard input to records.
records() {
  awk '
    function quoted(text) {
      gsub(/\\/, "", text); gsub(/"/, "\\\"", text); gsub(/\n/, "\\n", text); gsub(/\t/, " ", text)
      return "\"" text "\""
    }
    function message(role, text) { return "{\"role\": \"" role "\", \"content\": " quoted(text) "}" }
    function in_small_letters(name, words, count, i, text) {
      count = split(tolower(name), words, " ")
      for (i = 1; i <= count; i++) text = text (i > 1 ? " " : "") toupper(substr(words[i], 1, 1)) substr(words[i], 2)
      return text
    }
    function fits(i) { return length(said[i]) >= 8 && length(said[i]) <= 400 }
    # Speeches of a scene, which end here.
    function tell(i, j, line) {
      for (i = 1; i < speeches; i = j) {
        j = i + 1
        if (!fits(i) || !fits(j) || who[i] == who[j]) continue
        line = "{\"messages\": [" message("system", "You are " in_small_letters(who[j]) " in " play ".") ", " \
          message("user", said[i]) ", " message("assistant", said[j])
        if (j + 2 <= speeches && who[j + 1] == who[i] && who[j + 2] == who[j] && fits(j + 1) && fits(j + 2)) {
          line = line ", " message("user", said[j + 1]) ", " message("assistant", said[j + 2])
          j += 2
        }
        print line "]}"
        j++
      }
      speeches = 0
    }
    { gsub(/_[^_]*_/, ""); sub(/[ \r]+$/, "") }
    /^# / { play = substr($0, 3); next }
    /^#/ { tell(); next }
    /^\*\*.*\*\*$/ { who[++speeches] = substr($0, 3, length($0) - 4); said[speeches] = ""; next }
    $0 != "" && speeches > 0 { said[speeches] = said[speeches] (said[speeches] == "" ? "" : "\n") $0 }
    END { tell() }'
}

: >"$out/train.jsonl"
: >"$out/heldout.jsonl"
number=0
for play in "$plays"/*.md; do
  number=$((number + 1))
  if [ $((number % 10)) -eq 0 ]; then to=heldout; else to=train; fi
  records <"$play" >>"$out/$to.jsonl"
done
echo "conversations: $(wc -l <"$out/train.jsonl") in $out/train.jsonl, $(wc -l <"$out/heldout.jsonl") in $out/heldout.jsonl"
