#include "datasets/tokenizers/plain_tokenizers.h"

#include <gtest/gtest.h>

#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

TEST(CharactersTokenizer, NumbersCharactersByCodePoint) {
  const auto tokenizer = parse_tokenizer(
      characters_tokenizer_json({U'b', U'\n', U'a', U'"', U'\\', U'\u65e5', U'\U0001f600', U'\0'}), "tokenizer.json");
  EXPECT_EQ(tokenizer->vocabulary(), 8);
  EXPECT_EQ(tokenizer->end_of_text(), -1);
  const std::string text("\0\n\"\\ab\u65e5\U0001f600", 13);
  EXPECT_EQ(tokenizer->encode(text), (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(tokenizer->decode({0, 1, 2, 3, 4, 5, 6, 7}), text);
  EXPECT_EQ(tokenizer->encode(""), std::vector<int32_t>{});
}

TEST(CharactersTokenizer, NamesTheUnknownCharacter) {
  const auto tokenizer = parse_tokenizer(characters_tokenizer_json({U'a', U'b', U'\u00e9'}), "tokenizer.json");
  EXPECT_DATA_ERROR(tokenizer->encode("ab\u00e9?"), "'?' (U+003F) at byte 4");
  EXPECT_DATA_ERROR(tokenizer->encode("a\U0001f600"), "U+1F600) at byte 1");
  EXPECT_DATA_ERROR(tokenizer->encode("a\xff"), "position 1");
  EXPECT_DATA_ERROR(tokenizer->decode({0, 3}), "token 3");
  EXPECT_DATA_ERROR(tokenizer->decode({-1}), "token -1");
}

TEST(BytesTokenizer, TokensAreBytes) {
  const auto tokenizer = parse_tokenizer(bytes_tokenizer_json(), "tokenizer.json");
  EXPECT_EQ(tokenizer->vocabulary(), 256);
  EXPECT_EQ(tokenizer->end_of_text(), -1);
  std::vector<int32_t> all;
  for (int32_t byte = 0; byte < 256; ++byte) all.push_back(byte);
  const std::string bytes = tokenizer->decode(all);
  ASSERT_EQ(bytes.size(), 256u);
  for (size_t byte = 0; byte < 256; ++byte) EXPECT_EQ(static_cast<unsigned char>(bytes[byte]), byte);
  EXPECT_EQ(tokenizer->encode("a \n\u00e9"), (std::vector<int32_t>{97, 32, 10, 0xC3, 0xA9}));
  EXPECT_DATA_ERROR(tokenizer->decode({256}), "token 256");
}

TEST(LoadTokenizer, TakesAFolder) {
  const TemporaryFolder folder;
  EXPECT_DATA_ERROR(load_tokenizer(folder.path()), "neither tokenizer.json nor tokenizer.model");
}

}  // namespace
}  // namespace convoy
