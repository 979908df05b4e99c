// Chat formats: what published templates write, which format that is, and what becomes of text that spells out marks.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "datasets/chat/chat_format.h"
#include "datasets/chat/chat_template.h"
#include "datasets/chat/recognize_template.h"
#include "datasets/tokenizers/load_tokenizer.h"

namespace convoy {
namespace {

using chat::ChatTemplate;
using chat::TemplateError;

std::string written(const std::string& text, const nlohmann::json& names) { return ChatTemplate(text).write(names); }

// Answers by Jinja2 3.1 with trim_blocks and lstrip_blocks.
TEST(ChatTemplate, WritesAsJinjaDoes) {
  const nlohmann::json names = {{"a", {1, 2, 3}}, {"s", " x y "}, {"m", {{"k", "v"}}}, {"n", nullptr}, {"t", true}};
  const std::pair<const char*, const char*> cases[] = {
      {"a {{ s }} b", "a  x y  b"},
      {"{{ s.strip() + '|' + s | trim }}", "x y|x y"},
      {"{{ a[0] }}{{ a[-1] }}{{ a[1:] | length }}{{ a[::-1][0] }}", "1323"},
      {"{{ m.k }}{{ m['k'] }}{{ m.none_such }}", "vv"},
      {"{{ 'yes' if t else 'no' }}{{ 'x' if n }}", "yes"},
      {"{% if n is none and q is not defined and 'k' in m %}in{% else %}out{% endif %}", "in"},
      {"{% if a | length > 2 and not (a[0] == 2) %}1{% elif t %}2{% endif %}", "1"},
      {"{% for i in a %}{{ loop.index0 }}{{ loop.last }}{{ i }},{% endfor %}", "0False1,1False2,2True3,"},
      {"{% set x = 1 %}{% for i in a %}{% set x = i %}{% endfor %}{{ x }}", "1"},
      {"{% set n = namespace(x=0) %}{% for i in a %}{% if i > 1 %}{% set n.x = n.x + i %}{% endif %}{% endfor %}{{ n.x "
       "}}",
       "5"},
      {"a\n  {% if t %}\n  b\n  {% endif %}\nc", "a\n  b\nc"},
      {"a \n {%- if t -%}\n b {%- endif %}\n\nc", "ab\nc"},
      {"{# a 'comment #}\nx{{- ' y' -}}  z", "x yz"},
      {"{{ '%d' ~ 7 % 4 * 2 }}{{ 3 - 1 - 1 }}", "%d61"},
      {"{{ s.split('x')[1] }}{{ 'Ab'.lower() }}", " y ab"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(written(text, names), expected) << text;
}

TEST(ChatTemplate, SaysWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {{"{% macro a() %}{% endmacro %}", "the statement macro"},
                                                       {"{{ a | sum }}", "the filter sum"},
                                                       {"{{ strftime_now('%d') }}", "the function strftime_now"},
                                                       {"{{ a is even }}", "the test even"},
                                                       {"{% if a %}", "endif is missing"},
                                                       {"{{ a", "a tag that does not end"},
                                                       {"{% endfor %}", "endfor without a begin"},
                                                       {"{{ raise_exception('Not so!') }}", "Not so!"}};
  for (const auto& [text, said] : cases) {
    try {
      written(text, {{"a", {1}}});
      ADD_FAILURE() << text;
    } catch (const TemplateError& error) {
      EXPECT_NE(std::string(error.what()).find(said), std::string::npos) << error.what();
    }
  }
}

constexpr const char* kSmollm =
    R"({% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helper<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";
constexpr const char* kLlama3 =
    R"({% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})";
constexpr const char* kMistral =
    R"({{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %})";
constexpr const char* kGemma =
    R"({{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %})";
constexpr const char* kZephyr =
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + "
    "eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% "
    "elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif "
    "%}\n{% "
    "if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";
// In the manner of Qwen2.5's: tools that are not there, and a system message of its own.
constexpr const char* kWithTools =
    "{%- if tools %}\n    {{- '<|im_start|>system\\n# Tools' + tools | tojson }}\n{%- else %}\n    {%- if "
    "messages[0]['role'] == 'system' %}\n        {{- '<|im_start|>system\\n' + messages[0]['content'] + "
    "'<|im_end|>\\n' }}\n    {%- else %}\n        {{- '<|im_start|>system\\nYou are Q.<|im_end|>\\n' }}\n    {%- endif "
    "%}\n{%- endif %}\n{%- for message in messages %}\n    {%- if (message.role == \"user\") or (message.role == "
    "\"system\" and not loop.first) or (message.role == \"assistant\" and not message.tool_calls) %}\n        {{- "
    "'<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n    {%- endif %}\n{%- endfor "
    "%}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";

RecognizedFormat recognized(const char* text, const char* bos = "<s>", const char* eos = "</s>") {
  return recognize_template({.chat_template = text, .bos = bos, .eos = eos});
}

TEST(RecognizedTemplate, IsOneOfTheFormats) {
  const std::tuple<const char*, const char*, const char*, const char*> cases[] = {
      {kSmollm, "chatml", "<s>", "<|im_start|>system\nYou are a helper<|im_end|>\n"},
      {kWithTools, "chatml", "<s>", "<|im_start|>system\nYou are Q.<|im_end|>\n"},
      {kLlama3, "llama3", "<|begin_of_text|>", "<|begin_of_text|>"},
      {kMistral, "mistral", "<s>", "<s>"},
      {kGemma, "gemma", "<bos>", "<bos>"},
      {kZephyr, "zephyr", "<s>", ""}};
  for (const auto& [text, name, bos, without_system] : cases) {
    SCOPED_TRACE(name);
    const RecognizedFormat found = recognized(text, bos);
    ASSERT_TRUE(found.format) << found.why_not;
    EXPECT_EQ(found.format->name, name);
    EXPECT_EQ(found.format->without_system, without_system);
    const bool has_system = found.format->name != "mistral" && found.format->name != "gemma";
    EXPECT_EQ(found.format->takes_system, has_system);
    // What the format then writes is what the template writes, of another conversation.
    nlohmann::json messages = nlohmann::json::array();
    std::vector<ChatMessage> same;
    if (has_system) {
      messages.push_back({{"role", "system"}, {"content", "Be brief."}});
      same.push_back({ChatRole::system, "Be brief."});
    }
    messages.push_back({{"role", "user"}, {"content", "Why?\n"}});
    same.push_back({ChatRole::user, "Why?\n"});
    EXPECT_EQ(
        chat_text(write_chat(*found.format, same)),
        written(text,
                {{"messages", messages}, {"bos_token", bos}, {"eos_token", "</s>"}, {"add_generation_prompt", true}}));
  }
}

TEST(RecognizedTemplate, IsRefusedWhereItWritesOtherwise) {
  EXPECT_NE(recognized("{{ messages }}").why_not.find("writes none of chatml, llama3"), std::string::npos);
  EXPECT_NE(recognized("{% macro x() %}").why_not.find("the statement macro"), std::string::npos);
  EXPECT_EQ(recognize_template({}).why_not, "the model brings no chat template along");
  // A mark more before the answer.
  std::string thinking = kSmollm;
  thinking.replace(thinking.find("'<|im_start|>assistant\\n'"), 25, "'<|im_start|>assistant\\n<think>'");
  EXPECT_FALSE(recognized(thinking.c_str()).format);
}

TEST(ChatFormat, PutsTheSystemIntoTheUsersWhereThereIsNoRoleForIt) {
  const std::vector<ChatMessage> messages = {
      {ChatRole::system, "S"}, {ChatRole::user, "A"}, {ChatRole::assistant, "B"}, {ChatRole::user, "C"}};
  EXPECT_EQ(chat_text(write_chat(*find_chat_format("mistral"), messages)),
            "<s>[INST] S\n\nA [/INST]B</s>[INST] C [/INST]");
  EXPECT_EQ(chat_text(write_chat(*find_chat_format("gemma"), messages)),
            "<bos><start_of_turn>user\nS\n\nA<end_of_turn>\n<start_of_turn>model\nB<end_of_turn>\n"
            "<start_of_turn>user\nC<end_of_turn>\n<start_of_turn>model\n");
  EXPECT_THROW(write_chat(*find_chat_format("chatml"), {{ChatRole::user, "A"}, {ChatRole::system, "S"}}), ConfigError);
}

// All bytes, and the marks of chatml.
std::unique_ptr<Tokenizer> chatml_tokenizer() {
  nlohmann::json json = parse_json(
      R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<": 3, "|": 4, "i": 5, "m": 6, "_": 7, "e": 8,
           "n": 9, "d": 10, ">": 11, "s": 12, "t": 13, "r": 14, "\u010a": 15, "u": 16},
           "merges": [["a", "b"]]},
          "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
          "added_tokens": [{"id": 17, "content": "<|im_start|>", "special": true},
                           {"id": 18, "content": "<|im_end|>", "special": true},
                           {"id": 19, "content": "bb", "special": false}]})");
  return parse_tokenizer(json_text(json), "tokenizer.json");
}

TEST(ChatEncoding, KnowsMarksInTheFormatAlone) {
  const auto tokenizer = chatml_tokenizer();
  const std::vector<ChatPiece> pieces = {{"<|im_start|>us", true}, {"er<|im_end|>bb", false}, {"<|im_end|>\n", true}};
  EXPECT_EQ(encode_chat(*tokenizer, pieces), (std::vector<int32_t>{17, 16, 12, 8, 14,                   // us er
                                                                   3, 4, 5, 6, 7, 8, 9, 10, 4, 11, 19,  // as text
                                                                   18, 15}));
  EXPECT_EQ(tokenizer->encode("<|im_end|>"), std::vector<int32_t>{18}) << "a prompt's own words still are marks";
  // A word goes on over the edge of a piece.
  EXPECT_EQ(encode_chat(*tokenizer, {{"a", true}, {"b", false}}), std::vector<int32_t>{2});
  EXPECT_EQ(encode_chat(*tokenizer, {{"a<|im_end|>", true}, {"b", false}}), (std::vector<int32_t>{0, 18, 1}));
}

TEST(ChatEncoding, ChecksThatTheTokenizerHasTheMarks) {
  const auto tokenizer = chatml_tokenizer();
  check_chat_format(*find_chat_format("chatml"), *tokenizer);
  EXPECT_EQ(end_of_answer(*find_chat_format("chatml"), *tokenizer).token, 18);
  EXPECT_EQ(end_of_answer(*find_chat_format("plain"), *tokenizer).text, "\n### User");
  try {
    check_chat_format(*find_chat_format("llama3"), *tokenizer);
    ADD_FAILURE() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("writes <|begin_of_text|>, and the model's tokenizer has no such token"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace convoy
