#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace convoy {
namespace {

TEST(Utf8, EveryCodePointThereAndBack) {
  for (char32_t character = 0; character < 0x110000; ++character) {
    std::string text;
    append_utf8(text, character);
    const bool surrogate = character >= 0xD800 && character < 0xE000;
    ASSERT_EQ(first_invalid_utf8(text).has_value(), surrogate) << static_cast<uint32_t>(character);
    if (surrogate) continue;
    size_t position = 0;
    ASSERT_EQ(next_code_point(text, position), character);
    ASSERT_EQ(position, text.size());
  }
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  const std::string good = "plain ASCII of some length, \u00e9, \u65e5\u672c and \U0001f600";
  EXPECT_EQ(first_invalid_utf8(good), std::nullopt);
  for (const std::string bad :
       {"\xff", "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2\x28\xa1"}) {
    EXPECT_EQ(first_invalid_utf8(bad), 0u);
    EXPECT_EQ(first_invalid_utf8(good + bad + good), good.size());
  }
}

TEST(Utf8, KnowsWhatIsUnfinished) {
  const std::string text = "a\u00e9\u65e5\U0001f600";  // 1 + 2 + 3 + 4 bytes
  const size_t wanted[] = {0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0};
  for (size_t bytes = 0; bytes <= text.size(); ++bytes)
    EXPECT_EQ(unfinished_utf8_bytes(std::string_view(text).substr(0, bytes)), wanted[bytes]) << bytes;
  EXPECT_EQ(unfinished_utf8_bytes("\x80\x80\x80\x80"), 0u);
}

TEST(Utf8, ReplacesBytesThatAreNoText) {
  EXPECT_EQ(with_replaced_bytes("plain \u00e9"), "plain \u00e9");
  EXPECT_EQ(with_replaced_bytes("\xff\u65e5\xe2\x82 a\x80"), "\uFFFD\u65e5\uFFFD\uFFFD a\uFFFD");
  EXPECT_EQ(with_replaced_bytes(""), "");
}

}  // namespace
}  // namespace convoy
