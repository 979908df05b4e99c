#include "datasets/tokenizers/regex/oniguruma.h"

#include <gtest/gtest.h>

#include "datasets/tokenizers/regex/newer_characters.h"
#include "datasets/tokenizers/regex/regex.h"
#include "tests/datasets/expect_error.h"

namespace convoy {
namespace {

std::string translated(std::string_view pattern) { return pattern_from_oniguruma(pattern).text; }

TEST(Oniguruma, SaysTheSameInPcre2sWords) {
  EXPECT_EQ(translated(R"(a\.b| ?\p{L}+)"), R"(a\.b|\ ?\p{L}+)");
  EXPECT_EQ(translated(R"(\p{N}{1,3}+)"), R"((?:\p{N}{1,3})+)") << "possessive in PCRE2";
  EXPECT_EQ(translated("a{2}?b{2,3}?c{,4}d{5,}"), "(?:a{2})?b{2,3}?c{0,4}d{5,}");
  EXPECT_EQ(translated("a++b*+c?+d+?"), "a++b*+c?+d+?");
  EXPECT_EQ(translated(R"([^(\s|[.,!]\]-])"), R"([^\(\s\|\.\,\!\]\-])");
  EXPECT_EQ(translated(R"(\u00e9\x41\x{1F600}\v.)"), "\u00e9A\U0001f600\\x{b}[^\\n]");
  EXPECT_EQ(translated(R"((?<word>a)(b)(?>c)(?=d)(?!e)(?<=f)(?<!g))"), "(?:a)(?:b)(?>c)(?=d)(?!e)(?<=f)(?<!g)");
  EXPECT_EQ(translated(R"((?i:'s|[dm])|(?-i:t))"), R"((?i:\'s|[dm])|(?-i:t))");
  EXPECT_EQ(translated("(?i)ab|c"), "(?i)ab|c");
}

TEST(Oniguruma, RefusesWhatCouldMeanSomethingElse) {
  for (const char* pattern : {R"(\h)",       R"(\H)",       R"(\R)",    R"(\X)",      R"(\K)",
                              R"(\A)",       R"(\Z)",       R"(\z)",    R"(\G)",      R"(\b)",
                              R"(\B)",       R"(\w)",       R"(\W)",    R"(\1)",      R"(\k<a>)",
                              R"(\g<a>)",    R"(\0)",       R"(\N)",    R"(\O)",      R"(\y)",
                              "^a",          "a$",          "a(?i)b|c", "(?m:a)",     "(?x: a)",
                              "(?s:a)",      "(?~a)",       "(?#a)",    "(?(1)a)",    "(?{a})",
                              "(*a)",        "[[:alpha:]]", "[a&&b]",   "[a[^b]]",    "[]a]",
                              "[]",          "[a",          "[z-a]",    "[a-\\d]",    "[a-c-e]",
                              "(a",          "a)",          "*a",       "a**",        "a{2}{3}",
                              "a+*",         "(?=a)+",      "a{3,2}",   "a{b}",       "{",
                              "a{9999}",     "(?:a*)*",     "(?:a*)+",  R"(\p{Han})", R"(\p{Alpha})",
                              R"(\pL)",      R"(\p{l})",    R"(\p{L)",  R"(\xE9)",    R"(\uD800)",
                              "(?i:\u00e9)", "(?i:ss)",     "(?i:ST)",  "(?i:fi)",    R"((?i:\p{Lu}))",
                              "(?i:[^a])",   "\\"}) {
    SCOPED_TRACE(pattern);
    EXPECT_DATA_ERROR(translated(pattern), std::string("the pattern ") + pattern + " ", "at position");
  }
}

TEST(Oniguruma, CharactersThatOneOfTheLibrariesDoesNotKnow) {
  std::string copy;
  const std::string known = "plain \u00e9\u65e5\U0001f600";
  EXPECT_EQ(with_stand_ins(known, copy).data(), known.data()) << "not copied";
  EXPECT_EQ(with_stand_ins("a\u180eb\U0001fabfc", copy), "a\u200bb\U0001f300c");
  EXPECT_TRUE(stand_ins_suit(0x4E00, 0x9FFF));
  EXPECT_TRUE(stand_ins_suit(0x0, 0x10FFFF));
  EXPECT_FALSE(stand_ins_suit(0x1FA00, 0x1FAFF));
  EXPECT_DATA_ERROR(Regex("[\U0001fa70-\U0001faff]"), "U+1FA70 to U+1FAFF", "newer than Unicode 14");
}

}  // namespace
}  // namespace convoy
