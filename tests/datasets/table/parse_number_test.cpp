#include "datasets/table/parse_number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <charconv>
#include <clocale>
#include <string>
#include <system_error>

#include "datasets/table/cell_value.h"
#include "datasets/table/parse_date.h"

namespace convoy {
namespace {

TEST(ParseNumber, Numbers) {
  const std::pair<const char*, double> numbers[] = {{"0", 0},         {"-1.5", -1.5},
                                                    {"+2", 2},        {".5", .5},
                                                    {"5.", 5},        {"1e3", 1000},
                                                    {"1E-2", .01},    {"0.1", 0.1},
                                                    {"1e-400", 0},    {"-1e-400", 0},
                                                    {"007", 7},       {"16777216", 16777216},
                                                    {"1e-50", 1e-50}, {"3.4028234e38", 3.4028234e38}};
  for (const auto& [text, wanted] : numbers) {
    double value = -77;
    EXPECT_TRUE(parse_number(text, value)) << text;
    EXPECT_EQ(value, wanted) << text;
  }
}

// Most numbers are read without std::from_chars, to the same bits.
TEST(ParseNumber, AsTheStandardLibraryReads) {
  uint32_t state = 1;
  const auto draw = [&](size_t count) { return (state = state * 1664525u + 1013904223u, (state >> 8) % count); };
  int read = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string text = draw(3) == 0 ? "-" : "";
    for (size_t length = draw(19); length > 0; --length) text += draw(9) == 0 ? '.' : static_cast<char>('0' + draw(10));
    double wanted = 0, found = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    ASSERT_EQ(parse_number(text, found), is_number) << text;
    if (!is_number) continue;
    ASSERT_EQ(std::bit_cast<uint64_t>(found), std::bit_cast<uint64_t>(wanted)) << text;
    ++read;
  }
  EXPECT_GT(read, 100000);
}

TEST(ParseNumber, Problems) {
  const std::pair<const char*, const char*> problems[] = {
      {"x", "is no number"},
      {"1x", "is no number"},
      {"1 2", "is no number"},
      {"0x10", "is no number"},
      {"--1", "is no number"},
      {"+-1", "is no number"},
      {"+", "is no number"},
      {"1,5", "has a decimal comma"},
      {"1.234,5", "has a decimal comma and marks between thousands"},
      {"1,234,567", "has marks between thousands"},
      {"12,345.5", "has marks between thousands"},
      {"12 345", "has marks between thousands"},
      {"12'345", "has marks between thousands"},
      {"1e39", "too large"},
      {"-1e999", "too large"},
      {"nan", "not finite"},
      {"inf", "not finite"},
      {"-INF", "not finite"},
      {"1_000", "is no number"},
      {"12%", "is no number"},
      {"\xc3\xa9", "is no number"},
      {"1e", "is no number"},
      {".", "is no number"}};
  for (const auto& [text, problem] : problems) {
    double value = 0;
    EXPECT_FALSE(parse_number(text, value)) << text;
    EXPECT_NE(why_no_number(text).find(problem), std::string::npos) << text << ": " << why_no_number(text);
  }
  double value = 0;
  EXPECT_FALSE(parse_number("", value));
  EXPECT_FALSE(parse_number("1" + std::string(400, '0'), value)) << "digits without an exponent are too large, too";
}

TEST(ParseNumber, WholeNumbersThatAreRounded) {
  EXPECT_TRUE(is_rounded(16777217));
  EXPECT_TRUE(is_rounded(-123456789));
  EXPECT_FALSE(is_rounded(33554432));
  EXPECT_FALSE(is_rounded(16777216.5)) << "no name of a customer";
}

TEST(ParseNumber, WhateverTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) std::setlocale(LC_ALL, "C.UTF-8");
  double value = 0;
  EXPECT_TRUE(parse_number("1.5", value));
  EXPECT_EQ(value, 1.5);
  std::setlocale(LC_ALL, before.c_str());
}

TEST(ParseDate, DaysSince1970) {
  const std::pair<const char*, double> dates[] = {{"1970-01-01", 0},
                                                  {"1970-01-02", 1},
                                                  {"1969-12-31", -1},
                                                  {"2000-02-29", 11016},
                                                  {"2024/03/05", 19787},
                                                  {"05.03.2024", 19787},
                                                  {"2024-03-05T12:00", 19787.5},
                                                  {"2024-03-05 06:00:00", 19787.25},
                                                  {"2024-03-05T18:00:00Z", 19787.75},
                                                  {"2024-03-05T01:00:00+01:00", 19787},
                                                  {"2024-03-04T23:30-0030", 19787},
                                                  {"1970-01-01T00:00:00.5", 0.5 / 86400}};
  for (const auto& [text, wanted] : dates) {
    double days = -77;
    EXPECT_TRUE(parse_date(text, days)) << text;
    EXPECT_DOUBLE_EQ(days, wanted) << text;
  }
  for (const char* text : {"", "1970", "2023-02-29", "2024-13-01", "2024-03-05x", "2024-03-05T", "2024-03-05T25:00",
                           "2024-3-5", "0000-01-01", "03/05/2024", "2024-03-05T10:00:00.", "2024-03-05T10:00+99:00"}) {
    double days = 0;
    EXPECT_FALSE(parse_date(text, days)) << text;
  }
}

TEST(CellValue, Kinds) {
  const MissingValues missing;
  const std::pair<const char*, CellKind> cells[] = {{"", CellKind::missing},    {"NA", CellKind::missing},
                                                    {"NaN", CellKind::missing}, {"?", CellKind::missing},
                                                    {"1.5", CellKind::number},  {"True", CellKind::boolean},
                                                    {"no", CellKind::boolean},  {"2024-03-05", CellKind::date},
                                                    {"nope", CellKind::text},   {"NAN island", CellKind::text}};
  for (const auto& [text, kind] : cells) {
    double value = 0;
    EXPECT_EQ(read_cell(text, missing, value), kind) << text;
  }
  double value = 0;
  EXPECT_EQ(read_cell("YES", missing, value), CellKind::boolean);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(read_cell("-999", MissingValues({"-999"}), value), CellKind::missing);
  EXPECT_EQ(read_cell("NA", MissingValues({"-999"}), value), CellKind::text);
}

TEST(CellValue, InMessages) {
  EXPECT_EQ(quoted_cell("a"), "\"a\"");
  const std::string shortened = quoted_cell(std::string(59, 'x') + "\xc3\xa9");
  EXPECT_EQ(shortened, "\"" + std::string(59, 'x') + "...\"") << "no half of a character";
}

}  // namespace
}  // namespace convoy
