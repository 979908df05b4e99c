#include "launcher/generate/chat_choice.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"
#include "launcher/generate/conversation.h"

namespace convoy {
namespace {

std::unique_ptr<Tokenizer> of_bytes() { return parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json"); }

template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ChatChoice, TakesAFormatOfOnesOwn) {
  const ChatFormat format = chat_format_from_yaml(
      "system: {prefix: 'S ', suffix: \"\\n\"}\nuser: {prefix: 'U ', suffix: \"\\n\"}\n"
      "assistant: {prefix: 'A', suffix: \"\\n\"}\nwithout_system: \"-\\n\"\ntrim: true\n",
      "own.yaml");
  EXPECT_EQ(chat_text(write_chat(format, {{ChatRole::user, " Hi "}})), "-\nU Hi\nA");
  EXPECT_EQ(chat_text(write_chat(format, {{ChatRole::system, "x"}, {ChatRole::user, "y"}})), "S x\nU y\nA");
  EXPECT_EQ(end_of_answer(format, *of_bytes()).text, "\nU");
  for (const auto& [yaml, said] :
       std::initializer_list<std::pair<const char*, const char*>>{{"user: {prefix: a}", "it lacks user or assistant"},
                                                                  {"user: {before: a}", "user has a key before"},
                                                                  {"users: 1", "it has a key users"},
                                                                  {"- a", "it is no map"},
                                                                  {"{", "own.yaml: "}})
    EXPECT_NE(refusal([&] { chat_format_from_yaml(yaml, "own.yaml"); }).find(said), std::string::npos) << yaml;
}

TEST(ChatChoice, SaysWhyThereIsNone) {
  const auto tokenizer = of_bytes();
  EXPECT_NE(refusal([&] {
              choose_chat_format("", {}, *tokenizer);
            }).find("the model brings no chat template along; name the format that it was tuned with, --format chatml"),
            std::string::npos);
  EXPECT_NE(refusal([&] { choose_chat_format("alpaca", {}, *tokenizer); }).find("--format alpaca: there are chatml"),
            std::string::npos);
  EXPECT_NE(refusal([&] { choose_chat_format("chatml", {}, *tokenizer); }).find("has no such token"),
            std::string::npos);
  EXPECT_EQ(choose_chat_format("plain", {}, *tokenizer).name, "plain");
}

// A token is a byte.
TEST(Conversation, StaysWithinTheContext) {
  const auto tokenizer = of_bytes();
  const ChatFormat format = choose_chat_format("plain", {}, *tokenizer);
  Conversation conversation(format, *tokenizer, 120, 20, "Be brief.");
  const auto text_of = [&](const std::vector<int32_t>& tokens) { return tokenizer->decode(tokens); };
  EXPECT_EQ(text_of(conversation.ask("One?")), "Be brief.\n\n### User\nOne?\n### Assistant\n");
  conversation.answer("1");
  EXPECT_EQ(text_of(conversation.ask("Two?")),
            "Be brief.\n\n### User\nOne?\n### Assistant\n1\n### User\nTwo?\n### Assistant\n");
  conversation.answer("2");
  EXPECT_EQ(text_of(conversation.ask("And three?")),
            "Be brief.\n\n### User\nTwo?\n### Assistant\n2\n### User\nAnd three?\n### Assistant\n")
      << "the oldest question goes, the system's message stays";
  conversation.answer("3");
  EXPECT_NE(refusal([&] { conversation.ask(std::string(200, 'x')); }).find("say it in fewer words"), std::string::npos);
  EXPECT_EQ(conversation.messages().back().text, "3") << "what was too long is not taken";
}

TEST(Conversation, GoesOnAfterAnAnswerThatIsNoText) {
  const auto tokenizer = of_bytes();
  const ChatFormat format = choose_chat_format("plain", {}, *tokenizer);
  Conversation conversation(format, *tokenizer, 120, 20, "");
  conversation.ask("One?");
  conversation.answer("\xc3\xa9\x83!\xe2\x82");
  EXPECT_EQ(tokenizer->decode(conversation.ask("Two?")),
            "### User\nOne?\n### Assistant\n\u00e9\uFFFD!\uFFFD\uFFFD\n### User\nTwo?\n### Assistant\n");
}

}  // namespace
}  // namespace convoy
