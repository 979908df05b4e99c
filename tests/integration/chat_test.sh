#!/usr/bin/env bash
# Conversations: written as the model's own chat template writes them, whatever users spell out; stop texts, prompts from
# a file, answers line by line.
. "$(dirname "$0")/common.sh"
make_text >text.txt
# A tokenizer with the marks of chatml.
# shellcheck disable=SC2154  # from common.sh
python3 - "$source_dir/tests/reference/tokenizers/gpt2_style.json" <<'PY'
import json, sys
tokenizer = json.load(open(sys.argv[1]))
first = max([*tokenizer['model']['vocab'].values(), *(t['id'] for t in tokenizer['added_tokens'])]) + 1
for i, mark in enumerate(('<|im_start|>', '<|im_end|>')):
    tokenizer['added_tokens'].append({'id': first + i, 'content': mark, 'special': True, 'normalized': False,
                                      'single_word': False, 'lstrip': False, 'rstrip': False})
json.dump(tokenizer, open('tokenizer.json', 'w'))
PY
"$TRAINER" data import-text text.txt data --tokenizer tokenizer.json >import.log
cat >llama.yaml <<'YAML'
model: {family: llama, layers: 2, heads: 4, kv_heads: 2, channels: 64, context: 96}
data: {path: data}
batch: {micro: 4, global: 8}
train: {steps: 200}
schedule: {warmup_steps: 10}
YAML
"$TRAINER" train llama.yaml run.dir=run >train.log 2>&1 || { cat train.log; fail "training"; }
"$TRAINER" export run folder --format huggingface >export.log || { cat export.log; fail "exporting"; }
set_template() {
  python3 - "$1" <<'PY'
import json, sys
config = json.load(open('folder/tokenizer_config.json'))
config['chat_template'] = sys.argv[1]
json.dump(config, open('folder/tokenizer_config.json', 'w'))
PY
  rm -rf model
  "$TRAINER" import folder model >import.log || { cat import.log; fail "importing"; }
}
set_template "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

tokens=12
generate() { "$TRAINER" generate model --temperature 0 --tokens "$tokens" "$@"; }
# A prompt's own marks count; so this is the same conversation, written by hand.
by_hand=$'<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nthe king<|im_end|>\n<|im_start|>assistant\n'
generate --prompt "$by_hand" >long || fail "generating"
generate --chat --prompt "the king" >short || fail "generating an answer"
# By bytes: a small model may write nothing but line ends.
printf '%s' "$by_hand" | cat - short | cmp - long || { cat long short; fail "the template writes another conversation"; }
[ -s short ] && [ "$(wc -c <short)" -gt 10 ] || fail "no answer"
own=$'<|im_start|>system\nSing.<|im_end|>\n<|im_start|>user\nthe king<|im_end|>\n<|im_start|>assistant\n'
generate --prompt "$own" >long
generate --chat --system "Sing." --prompt "the king" >short
printf '%s' "$own" | cat - short | cmp - long || fail "another system message"

# Stop texts end before they come.
generate --prompt "the king" >text
stop=$(cut -c 15-18 text | head -1)
generate --prompt "the king" --stop "never there" --stop "$stop" >stopped
python3 - "$stop" <<'PY' || fail "stopped elsewhere"
import sys
whole, stopped = open('text').read()[:-1], open('stopped').read()[:-1]
prompt = 'the king'
assert stopped == prompt + whole[len(prompt):].split(sys.argv[1])[0], (whole, stopped)
PY
tokens=60
generate --prompt "the king" >repeats
generate --prompt "the king" --repetition-penalty 100 >penalised
tokens=12
! cmp -s repeats penalised || fail "a repetition penalty changes nothing"
"$TRAINER" generate model --tokens "$tokens" --prompt "the king" --temperature 1 --min-p 1 >likeliest
expect_same text likeliest

# A file of prompts: each answer is what it is alone.
printf 'the king\n\na fool "sings"\n' >prompts
generate --prompts prompts >answers || fail "prompts of a file"
python3 - <<'PY' || fail "answers of a file"
import json
answers = [json.loads(line) for line in open('answers')]
assert [a['prompt'] for a in answers] == ['the king', 'a fool "sings"'], answers
assert answers[0]['prompt'] + answers[0]['text'] == open('text').read()[:-1], answers
assert all(a['finish'] in ('stop', 'length') and 0 < a['tokens'] <= 12 for a in answers), answers
PY

# More than are written at once, of many lengths, some longer than the context.
for i in $(seq 11); do echo "the king $(head -c $((i * i * 2)) text.txt | tr '\n' ' ')"; done >many
"$TRAINER" generate model --prompts many --tokens 14 --seed 5 >answers || fail "many prompts"
[ "$(wc -l <answers)" -eq 11 ] || fail "$(wc -l <answers) answers"
for i in 1 4 9 11; do
  "$TRAINER" generate model --prompt "$(sed -n ${i}p many)" --tokens 14 --seed 5 >alone || fail "prompt $i alone"
  python3 - $i <<'PY' || fail "prompt $i is gone on from otherwise than alone"
import json, sys
answer = [json.loads(line) for line in open('answers')][int(sys.argv[1]) - 1]
assert answer['prompt'] + answer['text'] + '\n' == open('alone').read(), answer
PY
done

# Line by line from a pipe, with what was said before.
generate --chat --prompt "the king" >first
"$TRAINER" chat model --temperature 0 --tokens 12 <<<"the king" >chat || fail "chatting"
expect_same first chat
printf 'the king\n/exit\nmy lady\n' | "$TRAINER" chat model --temperature 0 --tokens 12 >chat
expect_same first chat
printf 'the king\nmy lady\n' | "$TRAINER" chat model --temperature 0 --tokens 12 >chat
[ "$(wc -c <chat)" -gt "$(wc -c <first)" ] || fail "no second answer"
refuse 2 "say it in fewer words" "$TRAINER" chat model <<<"$(head -c 3000 text.txt | tr '\n' ' ')"
for i in 1 2 3 4 5 6; do echo "who $i"; done | "$TRAINER" chat model --temperature 0 --tokens 12 >chat || fail "beyond the context"

# Formats: one's own, and those that do not fit.
printf 'user: {prefix: "U ", suffix: "\\n"}\nassistant: {prefix: "A", suffix: "\\n"}\n' >own.yaml
generate --chat --format own.yaml --prompt "the king" >own || fail "a format of one's own"
refuse 2 "writes <|begin_of_text|>, and the model's tokenizer has no such token" generate --chat --format llama3 --prompt x
refuse 2 "there are chatml, llama3, mistral, gemma, zephyr, plain" generate --chat --format alpaca --prompt x
refuse 2 "the model brings no chat template along" "$TRAINER" chat run </dev/null
set_template "{{ messages }}"
refuse 2 "writes none of chatml, llama3" "$TRAINER" chat model </dev/null
set_template "{% macro x() %}{% endmacro %}"
refuse 2 "what is not understood here: the statement macro" "$TRAINER" chat model </dev/null
"$TRAINER" chat model --format chatml </dev/null || fail "a format that is named"
refuse 2 "--chat wants --prompt" "$TRAINER" generate model --chat
refuse 2 "give --chat too" generate --system x
refuse 2 "both given" generate --prompt x --prompts prompts
refuse 2 "cannot be read" generate --prompts nowhere
