# Preference pairs out of two plays (launcher/fetch_shakespeare.sh), an object a line: a speech of the second is asked, the
# one that follows there is chosen, one of the first play is rejected. No speech is answer twice, so none of a held-out
# pair was praised or blamed in training. Speeches of 2 to 25 words; a line with # or a stage direction ends one.
# most: pairs; 0, or left out: as many as there are answers in both.
function quoted(text) {
  gsub(/\\/, "", text); gsub(/"/, "\\\"", text); gsub(/\n/, "\\n", text); gsub(/\t/, " ", text)
  return "\"" text "\""
}
function words(text) { return split(text, unused, " ") }
function fits(text) { return words(text) >= 2 && words(text) <= 25 }
function end_of_speech() {
  if (fits(asked) && fits(said)) {
    if (play == 1)
      others[other++] = said
    else if (count < other && (!most || count < most))
      printf "{\"prompt\": %s, \"chosen\": %s, \"rejected\": %s}\n", quoted(asked), quoted(said), quoted(others[count++])
  }
  asked = said
  said = ""
}
FNR == 1 { end_of_speech(); asked = ""; play++ }
/^\*\*/ { end_of_speech(); next }
/^(#|_|$)/ { next }
{ sub(/[ \r]+$/, ""); said = said (said == "" ? "" : "\n") $0 }
END { end_of_speech() }
