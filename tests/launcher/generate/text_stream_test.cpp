#include "launcher/generate/text_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "datasets/tokenizers/load_tokenizer.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {
namespace {

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& tokens) {
  std::string text;
  TextStream stream(tokenizer, [&](std::string_view piece) { text += piece; });
  for (const int32_t token : tokens) stream.add(token);
  stream.finish();
  return text;
}

std::filesystem::path reference(const std::string& name) {
  return std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers" / name;
}

// Random tokens too: a model draws what no text encodes to.
TEST(TextStream, WritesTheBytesThatDecodingAtOnceGives) {
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  tokenizers.push_back(parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json"));
  tokenizers.push_back(parse_tokenizer(characters_tokenizer_json({'a', ' ', '\n', U'\u65e5'}), "tokenizer.json"));
  for (const auto& entry : std::filesystem::directory_iterator(reference("")))
    if (entry.path().filename().string().find("expected") == std::string::npos)
      tokenizers.push_back(load_tokenizer(entry.path()));
  std::mt19937 random(1);
  for (const auto& tokenizer : tokenizers)
    for (int round = 0; round < 500; ++round) {
      std::vector<int32_t> tokens(random() % 30);
      for (int32_t& token : tokens)
        token = static_cast<int32_t>(random() % static_cast<uint32_t>(tokenizer->vocabulary()));
      ASSERT_EQ(streamed(*tokenizer, tokens), tokenizer->decode(tokens));
    }
}

TEST(TextStream, KeepsTheIndentationOfEveryLine) {
  const std::string text = "def f(x):\n    if x:\n        return 1\n  y\n\n z\n";
  const auto tokenizer = load_tokenizer(reference("sentence_piece_lines.model"));
  EXPECT_EQ(streamed(*tokenizer, tokenizer->encode(text)), text);
}

TEST(TextStream, WritesWholeCharactersAsSoonAsTheyAreWhole) {
  const auto tokenizer = parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json");
  std::vector<std::string> pieces;
  TextStream stream(*tokenizer, [&](std::string_view piece) { pieces.emplace_back(piece); });
  for (const int32_t byte : {0x61, 0xE6, 0x97, 0xA5, 0x62, 0xE6}) stream.add(byte);
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "\u65e5", "b"}));
  stream.finish();
  EXPECT_EQ(pieces.back(), "\xE6");
}

}  // namespace
}  // namespace convoy
