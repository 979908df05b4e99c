#include "core/base/byte_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/base/json_text.h"
#include "core/base/utf8.h"

namespace convoy {
namespace {

TEST(ByteText, WhatIsUtf8StandsForItself) {
  for (const std::string name :
       {"", "plain.txt", "Zürich/日本 😀", "a\\b", "\\", "\\x", "\\xg0", "\\xE9", "a\nb\t\x1b"}) {
    EXPECT_EQ(text_of_bytes(name), name);
    EXPECT_EQ(bytes_of_text(name), name);
  }
}

TEST(ByteText, OtherBytesAreWrittenOut) {
  EXPECT_EQ(text_of_bytes("caf\xe9.txt"), "caf\\xe9.txt");
  EXPECT_EQ(text_of_bytes("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(text_of_bytes("cut \xe2\x82"), "cut \\xe2\\x82");
  EXPECT_EQ(text_of_bytes("caf\\xe9.txt"), "caf\\x5cxe9.txt") << "four characters that are the name's own";
}

// Names made of what could be confused.
TEST(ByteText, EveryNameComesBack) {
  const std::string letters = "\\\\\\xxe95c0g\n\xe9\xc3\xa9\xff";
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string name(random() % 12, ' ');
    for (char& c : name) c = letters[random() % letters.size()];
    const std::string text = text_of_bytes(name);
    ASSERT_EQ(first_invalid_utf8(text), std::nullopt);
    ASSERT_EQ(bytes_of_text(text), name) << text;
  }
}

TEST(ByteText, WhatPeopleReadMovesNoCursor) {
  EXPECT_EQ(readable("C:\\x41 Zürich\n\tdone\r\n"), "C:\\x41 Zürich\n\tdone\r\n");
  EXPECT_EQ(readable("a\rb \x1b[31mred \xe9 \x7f"), "a\\x0db \\x1b[31mred \\xe9 \\x7f");
}

TEST(JsonText, NeverFailsAtAString) {
  const nlohmann::ordered_json json = {{"good", "Zürich \\xe9"}, {"b\xff", {1, "caf\xe9", {{"x", nullptr}}}}};
  const auto read = parse_ordered_json(json_text(json));
  EXPECT_EQ(read.at("good"), "Zürich \\xe9") << "untouched";
  EXPECT_EQ(read.at("b\\xff").at(1), "caf\\xe9");
  EXPECT_EQ(read.at("b\\xff").at(2).at("x"), nullptr);
  EXPECT_EQ(json_text(nlohmann::json{{"name", "\xe9"}}), R"({"name":"\\xe9"})");
}

}  // namespace
}  // namespace convoy
