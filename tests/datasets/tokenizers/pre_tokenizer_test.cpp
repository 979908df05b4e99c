#include "datasets/tokenizers/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

using Words = std::vector<std::string>;

Words cut(const std::vector<CutRule>& rules, std::string_view text) {
  Words words(1);
  const PreTokenizer pre_tokenizer(rules);
  WordCutter cutter(pre_tokenizer, [&](std::string_view part, bool ends) {
    words.back() += part;
    if (ends) words.emplace_back();
  });
  cutter.add(text, true);
  EXPECT_EQ(words.back(), "") << "all words have an end";
  words.pop_back();
  return words;
}

TEST(PreTokenizer, KeepsMatchesGapsOrBoth) {
  EXPECT_EQ(cut({{",", true, true, false}}, "a,b,,c"), (Words{"a", ",", "b", ",", ",", "c"}));
  EXPECT_EQ(cut({{",", false, true, false}}, "a,b,,c"), (Words{"a", "b", "c"}));
  EXPECT_EQ(cut({{"[a-z]", true, false, false}}, "a,b,,c"), (Words{"a", "b", "c"}));
  EXPECT_EQ(cut({}, "a,b"), Words{"a,b"});
  EXPECT_EQ(cut({{",", true, true, false}}, ""), Words{});
}

TEST(PreTokenizer, RulesApplyOneAfterTheOther) {
  EXPECT_EQ(cut({{R"(\p{N})", true, true, false}, {" ", true, true, false}}, "a 12 b"),
            (Words{"a", " ", "1", "2", " ", "b"}));
}

TEST(PreTokenizer, AddsASpaceUnlessThereIsOne) {
  EXPECT_EQ(cut({{"", true, true, true}}, "word"), Words{" word"});
  EXPECT_EQ(cut({{"", true, true, true}}, " word"), Words{" word"});
  EXPECT_EQ(cut({{",", true, true, false}, {"", true, true, true}}, "a,b"), (Words{" a", " ,", " b"}));
}

// A look-ahead may read beyond the match, an empty match must not loop for ever.
TEST(PreTokenizer, OddPatterns) {
  EXPECT_EQ(cut({{R"(\s+(?!\S)|\s+)", true, true, false}}, "a   b"), (Words{"a", "  ", " ", "b"}));
  EXPECT_EQ(cut({{"x*", true, true, false}}, "axxb"), (Words{"a", "xx", "b"}));
  EXPECT_EQ(cut({{"(?=b)", true, true, false}}, "abab"), (Words{"a", "ba", "b"})) << "a match of nothing cuts";
}

TEST(Regex, QuotesTheBrokenPattern) { EXPECT_DATA_ERROR(Regex("a(b"), "a(b", "position 1", "a ( without )"); }

TEST(Regex, EscapedTextMatchesItself) {
  const std::string odd = "a.b*c+(d)[e]{2}^$|\\?-#&~\u00e9";
  EXPECT_EQ(cut({{Regex::escape(odd), true, true, false}}, "x" + odd + "y"), (Words{"x", odd, "y"}));
}

// A megabyte of blanks must neither overflow a stack nor take for ever.
TEST(Regex, LongRuns) {
  const std::string blanks(1 << 20, ' ');
  EXPECT_EQ(cut({{R"( ?\p{L}+|\s+(?!\S)|\s+)", true, true, false}}, blanks + "x").size(), 2u);
}

}  // namespace
}  // namespace convoy
