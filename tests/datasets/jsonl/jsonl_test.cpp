// Records of JSON lines: what they say, what is refused in which words, and which of their tokens count.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "datasets/jsonl/encode_record.h"
#include "datasets/jsonl/json_lines.h"
#include "datasets/jsonl/record.h"
#include "datasets/jsonl/split_records.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/jsonl/chat_tokenizer.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

std::string complaint(const std::string& line, const RecordColumns& columns = {}) {
  try {
    read_record(line, columns, {});
    return "none";
  } catch (const RecordError& error) {
    return error.what();
  }
}

void expect_complaint(const std::string& line, const std::string& part) {
  EXPECT_NE(complaint(line).find(part), std::string::npos) << line << "\n" << complaint(line);
}

TEST(Record, ReadsEachKind) {
  EXPECT_EQ(read_record(R"({"text": "a\u00e4"})", {}, {}).texts, std::vector<std::string>{"a\u00e4"});
  const Record chat = read_record(
      R"({"id": 7, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"},
          {"role": "assistant", "content": "a"}, {"role": "user", "content": "left out"}]})",
      {}, {});
  EXPECT_EQ(chat.kind, RecordKind::conversation);
  ASSERT_EQ(chat.conversations.at(0).size(), 3u);
  EXPECT_EQ(chat.conversations[0][2].text, "a");
  EXPECT_TRUE(chat.had_last_question);
  EXPECT_EQ(read_record(R"({"prompt": "p", "completion": "c"})", {}, {}).texts, (std::vector<std::string>{"p", "c"}));
  const Record pair = read_record(R"({"prompt": "p", "chosen": "c", "rejected": "r"})", {}, {});
  EXPECT_TRUE(pair.is_pair());
  EXPECT_EQ(pair.texts.size(), 3u);
  // As published sets have them: the answers with all that was said before.
  const Record whole = read_record(
      R"({"prompt": "q", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "c"}],
          "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r"}]})",
      {}, {});
  ASSERT_EQ(whole.conversations.size(), 2u);
  EXPECT_EQ(whole.conversations[1].size(), 2u);
  const Record answer = read_record(
      R"({"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "c"}],
          "rejected": "r"})",
      {}, {});
  EXPECT_EQ(answer.conversations.at(1).at(1).text, "r");
  RecordColumns other;
  other.messages = "conversations", other.role = "from", other.content = "value";
  EXPECT_EQ(
      read_record(R"({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]})", other, {})
          .conversations[0][1]
          .role,
      ChatRole::assistant);
}

TEST(Record, NormalizesTexts) {
  const std::string line = R"({"text": "e\u0301 \ufb01"})";
  EXPECT_EQ(read_record(line, {}, {}).texts[0], "e\u0301 \ufb01");
  EXPECT_EQ(read_record(line, {}, NormalForm::nfc).texts[0], "\u00e9 \ufb01");
  EXPECT_EQ(read_record(line, {}, NormalForm::nfkc).texts[0], "\u00e9 fi");
}

TEST(Record, SaysWhatIsWrong) {
  expect_complaint(R"({"text": "a")", "no JSON at byte");
  expect_complaint(R"({"text": "\ud800"})", "no JSON at byte");
  expect_complaint(R"({"text": 1e999})", "a number that cannot be held: ");
  expect_complaint("[1]", "array of JSON, wanted an object on each line; `jq -c '.[]'`");
  expect_complaint(R"({"mesages": []})", "if mesages is meant, say --messages-column mesages");
  expect_complaint(R"({"a": 1})", "no column messages or text");
  expect_complaint(R"({"prompt": "a"})", "no column completion or chosen");
  expect_complaint(R"({"prompt": "a", "chosen": "b"})", "no column rejected");
  expect_complaint(R"({"text": 5})", "text is number, wanted a text");
  expect_complaint(R"({"messages": "hi"})", "messages is string, wanted a list");
  expect_complaint(R"({"messages": []})", "without an assistant's message");
  expect_complaint(R"({"messages": [{"role": "user", "content": "q"}]})", "without an assistant's message");
  expect_complaint(R"({"messages": [{"role": "assistant", "content": "q"}]})",
                   "message 1 is of the role assistant, wanted user");
  expect_complaint(R"({"messages": [{"role": "user", "content": "q"}, {"role": "system", "content": "q"}]})",
                   "message 2 is of the role system, wanted assistant");
  expect_complaint(R"({"messages": [{"role": "tool", "content": "q"}]})", "the role \"tool\"");
  expect_complaint(R"({"messages": [{"role": "user", "content": null}]})", "content is null, wanted a text");
  expect_complaint(R"({"messages": [{"role": "user", "contents": "q"}]})",
                   "if contents is meant, say --content-column");
}

TEST(Record, EqualOnesHaveEqualKeys) {
  const auto key = [](const char* line) { return key_of(read_record(line, {}, {})); };
  EXPECT_EQ(key(R"({"text": "a", "id": 1})"), key(R"({"id": 2, "text": "\u0061"})"));
  EXPECT_FALSE(key(R"({"prompt": "ab", "completion": "c"})") == key(R"({"prompt": "a", "completion": "bc"})"));
}

TEST(JsonLines, CutsFilesIntoLines) {
  const TemporaryFolder folder;
  std::string text = "\xef\xbb\xbf{\"a\": 1}\r\n\n";
  for (int i = 0; i < 30000; ++i) text += "{\"text\": \"line " + std::to_string(i) + "\"}\n";
  write_text(folder / "a", text + "last");
  write_text(folder / "b", "only");
  std::vector<TextFile> files(2);
  files[0].path = folder / "a", files[0].bytes = static_cast<int64_t>(text.size()) + 4;
  files[1].path = folder / "b", files[1].bytes = 4;
  JsonLines lines(files);
  std::vector<std::string> found;
  std::vector<int64_t> numbers;
  for (LineBatch batch; lines.next(batch);) {
    EXPECT_LT(batch.text.size(), 2 * JsonLines::kBatchBytes);
    for_lines(batch, [&](std::string_view line, int64_t number) {
      found.emplace_back(line);
      numbers.push_back(number + (batch.file == 1 ? 1000000 : 0));
    });
  }
  ASSERT_EQ(found.size(), 30003u);
  EXPECT_EQ(found[0], "{\"a\": 1}\r");
  EXPECT_EQ(found[20000], "{\"text\": \"line 19999\"}");
  EXPECT_EQ(numbers[20000], 20002);
  EXPECT_EQ(found[30001], "last");
  EXPECT_EQ(numbers[30001], 30003);
  EXPECT_EQ(numbers[30002], 1000001);
}

TEST(SplitRecords, KeepsItsFractionsAtEveryLength) {
  const SplitRecords split({.validation = 0.1, .test = 0.05}, 7), other({.validation = 0.1, .test = 0.05}, 8);
  std::array<double, 3> counts{};
  int64_t differ = 0;
  for (int64_t i = 0; i < 5000; ++i) {
    ++counts[static_cast<size_t>(split(i))];
    differ += split(i) != other(i);
    ASSERT_NEAR(counts[1] + counts[2], 0.15 * static_cast<double>(i + 1), 1.0) << i;
    ASSERT_NEAR(counts[2], 0.05 * static_cast<double>(i + 1), 2.0) << i;
  }
  EXPECT_GT(differ, 500);
  const SplitRecords none({.validation = 0}, 7);
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(none(i), Split::train);
}

// The text with what counts in brackets.
std::string marked(const MarkedTokens& document, const Tokenizer& tokenizer) {
  std::string text;
  std::vector<int32_t> before;
  for (size_t i = 0; i < document.size(); ++i) {
    const bool counted = i > 0 && document.counts[i - 1] != 0, counts = document.counts[i] != 0;
    if (counts != counted) text += counts ? "[" : "]";
    before.push_back(document.tokens[i]);
    const auto special = tokenizer.special_tokens();
    const auto found = std::ranges::find(special, document.tokens[i], &std::pair<std::string, int32_t>::second);
    text += found != special.end() ? found->first : tokenizer.decode(before, i);
  }
  return text + (document.counts.back() != 0 ? "]" : "");
}

TEST(RecordEncoder, AnswersCountAndWhatEndsThem) {
  const auto tokenizer = parse_tokenizer(chat_tokenizer_json(), "tokenizer.json");
  const auto written = [&](const char* format, const char* line, bool all = false) {
    RecordForm form;
    form.format = *find_chat_format(format);
    form.chat_prompts = true, form.all_count = all;
    RecordEncoder encoder(form, *tokenizer);
    std::string text;
    for (const MarkedTokens& document : encoder.encode(read_record(line, {}, {})))
      text += (text.empty() ? "" : " / ") + marked(document, *tokenizer);
    return text;
  };
  const char* chat = R"({"messages": [{"role": "user", "content": "q<|im_end|>"}, {"role": "assistant", "content": "a"},
                                      {"role": "user", "content": "r"}, {"role": "assistant", "content": "b"}]})";
  EXPECT_EQ(written("chatml", chat),
            "<|im_start|>user\nq<|im_end|><|im_end|>\n<|im_start|>assistant\n[a<|im_end|>]\n"
            "<|im_start|>user\nr<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>]\n");
  EXPECT_EQ(written("plain", chat),
            "### User\nq<|im_end|>\n### Assistant\n[a\n### User]\nr\n### Assistant\n[b\n### User]");
  EXPECT_EQ(written("plain", R"({"prompt": "q", "completion": "a"})", true),
            "[### User\nq\n### Assistant\na\n### User]");
  EXPECT_EQ(written("chatml", R"({"prompt": "q", "chosen": "a", "rejected": "b"})"),
            "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n[a<|im_end|>]\n / "
            "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>]\n");
  // Of a longer conversation the last answer is what was chosen.
  EXPECT_NE(
      written("chatml",
              R"({"prompt": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
                                   {"role": "user", "content": "r"}], "chosen": "b", "rejected": "c"})")
          .find("assistant\na<|im_end|>\n<|im_start|>user\nr<|im_end|>\n<|im_start|>assistant\n[b<|im_end|>]\n / "),
      std::string::npos);
}

// What a user spells out stays text; what generation gives the model and takes from it are the same tokens.
TEST(RecordEncoder, TokensAreThoseOfChat) {
  const auto tokenizer = parse_tokenizer(chat_tokenizer_json(), "tokenizer.json");
  const ChatFormat& format = *find_chat_format("chatml");
  ChatLabeller labeller(format, *tokenizer);
  const std::vector<ChatMessage> asked = {{ChatRole::system, "s"}, {ChatRole::user, "q <|im_start|>"}};
  std::vector<ChatMessage> answered = asked;
  answered.push_back({ChatRole::assistant, "the answer"});
  const std::vector<int32_t> prompt = encode_chat(*tokenizer, write_chat(format, asked));
  const MarkedTokens document = labeller.label(answered);
  ASSERT_GT(document.size(), prompt.size());
  EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), document.tokens.begin()));
  EXPECT_TRUE(std::ranges::none_of(std::span(document.counts).first(prompt.size()), [](uint8_t c) { return c != 0; }));
  EXPECT_EQ(document.tokens[prompt.size() + tokenizer->encode("the answer").size()],
            end_of_answer(format, *tokenizer).token);
}

TEST(RecordEncoder, TextsEndWithTheEndOfText) {
  const auto tokenizer = parse_tokenizer(chat_tokenizer_json(), "tokenizer.json");
  RecordForm form;
  form.why_not = "nobody said";
  RecordEncoder encoder(form, *tokenizer);
  EXPECT_EQ(marked(encoder.encode(read_record(R"({"text": "ab"})", {}, {})).at(0), *tokenizer), "[ab<|endoftext|>]");
  EXPECT_EQ(marked(encoder.encode(read_record(R"({"prompt": "ab", "completion": "c"})", {}, {})).at(0), *tokenizer),
            "ab[c<|endoftext|>]");
  try {
    encoder.encode(read_record(
        R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]})", {}, {}));
    FAIL();
  } catch (const RecordError& error) {
    EXPECT_NE(std::string(error.what()).find("nobody said; name a format with --format chatml"), std::string::npos);
  }
}

}  // namespace
}  // namespace convoy
