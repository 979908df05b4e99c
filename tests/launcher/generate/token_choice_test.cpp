#include "launcher/generate/token_choice.h"

#include <gtest/gtest.h>

#include <set>

#include "core/base/error.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {
namespace {

std::unique_ptr<Tokenizer> of_characters(const std::set<char32_t>& characters) {
  return parse_tokenizer(characters_tokenizer_json(characters), "tokenizer.json");
}

// Two bytes and a mark between texts, which has no text.
std::unique_ptr<Tokenizer> with_end_of_text() {
  return parse_tokenizer(R"({"model": {"type": "BPE", "vocab": {"b": 0, "c": 1}, "merges": []},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
    "added_tokens": [{"id": 2, "content": "<|endoftext|>"}]})",
                         "tokenizer.json");
}

TEST(FirstTokens, AreThoseOfThePrompt) {
  const auto tokenizer = of_characters({'\n', 'a', 'b'});
  EXPECT_EQ(first_tokens(*tokenizer, "ba").tokens, (std::vector<int32_t>{2, 1}));
  try {
    first_tokens(*tokenizer, "bad");
    FAIL() << "a character that is not there";
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).find("--prompt: character 'd'"), 0u) << error.what();
  }
}

TEST(FirstTokens, WithoutAPromptAreALineEndOrWhatThereIs) {
  EXPECT_EQ(first_tokens(*of_characters({'\n', 'a', 'b'}), "").tokens, std::vector<int32_t>{0});
  const FirstTokens letter = first_tokens(*of_characters({'C', 'A', 'G', 'T'}), "");
  EXPECT_EQ(letter.tokens, std::vector<int32_t>{0});
  EXPECT_TRUE(letter.shown);
  const FirstTokens end = first_tokens(*with_end_of_text(), "");
  EXPECT_EQ(end.tokens, std::vector<int32_t>{2});
  EXPECT_FALSE(end.shown) << "the end of the text before is no text of this one";
}

TEST(DrawableTokens, HaveTextOrEndIt) {
  EXPECT_EQ(drawable_tokens(*of_characters({'a', 'b'}), 4), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(drawable_tokens(*with_end_of_text(), 5), (std::vector<bool>{true, true, true, false, false}));
}

}  // namespace
}  // namespace convoy
