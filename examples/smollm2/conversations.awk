# Conversations out of plays (launcher/fetch_shakespeare.sh): each speech is asked, the next one answers, in the chat
# format of the model. Speeches of 2 to 40 words; a line with # or a stage direction ends one.
function words(text) { return split(text, unused, " ") }
function fits(text) { return words(text) >= 2 && words(text) <= 40 }
function end_of_speech() {
  if (fits(asked) && fits(said))
    printf "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n%s<|im_end|>\n", asked, said
  asked = said
  said = ""
}
FNR == 1 { end_of_speech(); asked = "" }
/^\*\*/ { end_of_speech(); next }
/^(#|_|$)/ { next }
{ sub(/ +$/, ""); said = said (said == "" ? "" : "\n") $0 }
END { end_of_speech() }
