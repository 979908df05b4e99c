#include "datasets/table/parse_number.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <clocale>

namespace convoy {
namespace {

TEST(ParseNumber, Numbers) {
  const std::pair<const char*, float> numbers[] = {{"0", 0.f},
                                                   {"-1.5", -1.5f},
                                                   {"+2", 2.f},
                                                   {".5", .5f},
                                                   {"5.", 5.f},
                                                   {"1e3", 1000.f},
                                                   {"1E-2", .01f},
                                                   {"0.1", 0.1f},
                                                   {"1e-50", 0.f},
                                                   {"-1e-400", 0.f},
                                                   {"1e-46", 0.f},
                                                   {"007", 7.f},
                                                   {"3.4028234e38", FLT_MAX},
                                                   {"16777216", 16777216.f}};
  for (const auto& [text, value] : numbers) {
    const ParsedNumber parsed = parse_number(text);
    EXPECT_EQ(parsed.problem, "") << text;
    EXPECT_EQ(parsed.value, value) << text;
    EXPECT_FALSE(parsed.rounded) << text;
  }
}

TEST(ParseNumber, Problems) {
  const std::pair<const char*, const char*> problems[] = {
      {"", "is empty"},        {"x", "is no number"},        {"1x", "is no number"},
      {"1 2", "is no number"}, {"0x10", "is no number"},     {"--1", "is no number"},
      {"+-1", "is no number"}, {"+", "is no number"},        {"1,5", "has a comma"},
      {"1e39", "too large"},   {"-1e999", "too large"},      {"nan", "not finite"},
      {"inf", "not finite"},   {"-INF", "not finite"},       {"1_000", "is no number"},
      {"12%", "is no number"}, {"\xc3\xa9", "is no number"}, {"1e", "is no number"},
      {".", "is no number"}};
  for (const auto& [text, problem] : problems)
    EXPECT_NE(parse_number(text).problem.find(problem), std::string::npos)
        << text << ": " << parse_number(text).problem;
}

TEST(ParseNumber, WholeNumbersThatAreRounded) {
  EXPECT_TRUE(parse_number("16777217").rounded);
  EXPECT_TRUE(parse_number("-123456789").rounded);
  EXPECT_FALSE(parse_number("33554432").rounded);
  EXPECT_FALSE(parse_number("16777216.5").rounded) << "no name of a customer";
}

TEST(ParseNumber, WhateverTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::setlocale(LC_ALL, "C.UTF-8");
  EXPECT_EQ(parse_number("1.5").value, 1.5f);
  std::setlocale(LC_ALL, before.c_str());
}

}  // namespace
}  // namespace convoy
