#include "launcher/config/parse_value.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

template <class T>
std::optional<std::string> parse(std::string_view text, T& value) {
  if constexpr (std::is_same_v<T, Auto>)
    return parse_automatic(text, "auto", value);
  else
    return parse_value(text, value);
}

template <class T>
std::string problem(const char* text) {
  T value{};
  return parse(text, value).value_or("");
}

template <class T>
T parsed(const char* text) {
  T value{};
  const auto problem = parse(text, value);
  EXPECT_FALSE(problem) << text << " " << *problem;
  return value;
}

void expect_advice(const std::string& problem, const char* advice) {
  EXPECT_NE(problem.find(advice), std::string::npos) << "'" << problem << "' should advise '" << advice << "'";
}

TEST(ParseInteger, TakesDecimalDigits) {
  EXPECT_EQ(parsed<int64_t>("0"), 0);
  EXPECT_EQ(parsed<int64_t>("-7"), -7);
  EXPECT_EQ(parsed<int64_t>("+7"), 7);
  EXPECT_EQ(parsed<int64_t>("9223372036854775807"), INT64_MAX);
}

TEST(ParseInteger, RefusesEverythingElseWithAdvice) {
  expect_advice(problem<int64_t>("1.5"), "whole number");
  expect_advice(problem<int64_t>("1_000"), "write 1000");
  expect_advice(problem<int64_t>("26,214,400"), "write 26214400");
  expect_advice(problem<int64_t>("1e6"), "write 1000000");
  expect_advice(problem<int64_t>("8.0"), "write 8");
  expect_advice(problem<int64_t>("25k"), "suffixes");
  expect_advice(problem<int64_t>("25MiB"), "suffixes");
  expect_advice(problem<int64_t>("0x10"), "decimal");
  expect_advice(problem<int64_t>("010"), "leading 0");
  expect_advice(problem<int64_t>("9223372036854775808"), "64 bits");
  expect_advice(problem<int64_t>("eight"), "whole number");
  expect_advice(problem<int64_t>(""), "whole number");
  expect_advice(problem<int64_t>(" 8"), "whole number");
}

TEST(ParseDouble, TakesTheUsualForms) {
  EXPECT_EQ(parsed<double>("3.0e-3"), 3.0e-3);
  EXPECT_EQ(parsed<double>("1e-8"), 1e-8);
  EXPECT_EQ(parsed<double>("1"), 1.0);
  EXPECT_EQ(parsed<double>(".5"), 0.5);
  EXPECT_EQ(parsed<double>("2."), 2.0);
  EXPECT_EQ(parsed<double>("-0.25"), -0.25);
  EXPECT_EQ(parsed<double>("+1E+2"), 100.0);
}

TEST(ParseDouble, RefusesEverythingElseWithAdvice) {
  expect_advice(problem<double>("nan"), "finite");
  expect_advice(problem<double>(".inf"), "finite");
  expect_advice(problem<double>("0,1"), "point");
  expect_advice(problem<double>("10%"), "0.1");
  expect_advice(problem<double>("1_0.5"), "write 10.5");
  expect_advice(problem<double>("3e-3s"), "a number is wanted");
  expect_advice(problem<double>("5k"), "suffixes");
  expect_advice(problem<double>("1e999"), "too large");
  expect_advice(problem<double>(""), "a number is wanted");
}

// std::regex uses up the stack where a text is long enough.
TEST(ParseNumber, RefusesTextOfAnyLength) {
  for (const char c : {'0', '1', '9', 'e', '-', ' ', '_'}) {
    const std::string text(1000000, c);
    expect_advice(problem<int64_t>(text.c_str()), "whole number is wanted");
    expect_advice(problem<double>(text.c_str()), "a number is wanted");
    expect_advice(problem<Auto>(text.c_str()), "whole number");
    expect_advice(problem<bool>(text.c_str()), "not true or false");
  }
}

TEST(ParseBool, TakesTrueAndFalseOnly) {
  EXPECT_TRUE(parsed<bool>("true"));
  EXPECT_FALSE(parsed<bool>("false"));
  expect_advice(problem<bool>("yes"), "write true");
  expect_advice(problem<bool>("Off"), "write false");
  expect_advice(problem<bool>("maybe"), "not true or false");
}

TEST(ParseName, SuggestsTheNearest) {
  expect_advice(*parse_name("f16", {"f32", "tf32", "bf16"}), "there are f32, tf32, bf16");
  expect_advice(*parse_name("nevr", {"never", "auto"}), "did you mean never?");
}

TEST(ParseAuto, TakesAutoOrAWholeNumber) {
  EXPECT_FALSE(parsed<Auto>("auto").value);
  EXPECT_EQ(parsed<Auto>("4").value, 4);
  expect_advice(problem<Auto>("automatic"), "neither auto nor a whole number");
  expect_advice(problem<Auto>("4.5"), "whole number");
  AutoReal real;
  EXPECT_EQ(parse_automatic(".5", "inherit", real), std::nullopt);
  EXPECT_EQ(real.value, 0.5);
  EXPECT_EQ(parse_automatic("inherit", "inherit", real), std::nullopt);
  EXPECT_FALSE(real.value);
  expect_advice(*parse_automatic("auto", "inherit", real), "neither inherit nor a number");
}

}  // namespace
}  // namespace convoy
