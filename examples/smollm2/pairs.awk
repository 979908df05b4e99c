# Preference pairs out of a play (launcher/fetch_shakespeare.sh), an object a line: a speech is asked, the one that follows
# in the play is chosen, the answer to another speech, seven before, is rejected. Speeches of 2 to 25 words; a line with #
# or a stage direction ends one. most: pairs; 0, or left out: all.
function quoted(text) {
  gsub(/\\/, "", text); gsub(/"/, "\\\"", text); gsub(/\n/, "\\n", text); gsub(/\t/, " ", text)
  return "\"" text "\""
}
function words(text) { return split(text, unused, " ") }
function fits(text) { return words(text) >= 2 && words(text) <= 25 }
function end_of_speech() {
  if (fits(asked) && fits(said)) {
    if (count >= 7 && (!most || count < 7 + most))
      printf "{\"prompt\": %s, \"chosen\": %s, \"rejected\": %s}\n", quoted(asked), quoted(said), quoted(answers[count % 7])
    answers[count++ % 7] = said
  }
  asked = said
  said = ""
}
FNR == 1 { end_of_speech(); asked = "" }
/^\*\*/ { end_of_speech(); next }
/^(#|_|$)/ { next }
{ sub(/[ \r]+$/, ""); said = said (said == "" ? "" : "\n") $0 }
END { end_of_speech() }
