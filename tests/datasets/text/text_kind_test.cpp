#include "datasets/text/text_kind.h"

#include <gtest/gtest.h>

#include "core/base/utf8.h"

namespace convoy {
namespace {

const std::string kEnglish = "It was the best of times,\nit was the worst of times.\r\n\tThe end.\n";
const std::string kRussian = "Все счастливые семьи похожи друг на друга,\nкаждая несчастливая несчастлива по-своему.\n";
const std::string kChinese = "大江东去，浪淘尽， 千古风流人物。\n故垒西边，人道是，三国周郎赤壁。\n";
const std::string kEmoji = "Smile \U0001f600 and \U0001f680 fly\n";

// The text in units of two or four bytes.
std::string wide(const std::string& text, size_t bytes, bool big_endian, bool mark) {
  std::string out;
  const auto put = [&](char32_t unit) {
    for (size_t b = 0; b < bytes; ++b) out += static_cast<char>(unit >> 8 * (big_endian ? bytes - 1 - b : b));
  };
  if (mark) put(0xfeff);
  for (size_t position = 0; position < text.size();) {
    const char32_t c = next_code_point(text, position);
    if (bytes == 4 || c < 0x10000) {
      put(c);
    } else {
      put(0xd800 + ((c - 0x10000) >> 10));
      put(0xdc00 + ((c - 0x10000) & 0x3ff));
    }
  }
  return out;
}

TEST(TextKind, TextMayBeText) {
  for (const std::string& text :
       {std::string(), std::string("a"), kEnglish, kRussian, kChinese, kEmoji,
        std::string("one stray \0 byte in a line of text, no more", 43), kEnglish + "\x1b[1m\f",
        std::string("PAR1 and GIF8 and ustar"), std::string("cut \xe2\x82")})
    EXPECT_EQ(why_no_text(text), std::nullopt) << text;
}

TEST(TextKind, WideText) {
  for (const std::string& text : {kEnglish, kRussian, kChinese, kEmoji})
    for (const size_t bytes : {2, 4})
      for (const bool big_endian : {false, true}) {
        const std::string name = bytes == 2 ? "utf-16" : "utf-32";
        EXPECT_NE(
            why_no_text(wide(text, bytes, big_endian, true)).value_or("").find("`iconv -f " + name + " -t utf-8`"),
            std::string::npos)
            << text << bytes << big_endian;
        EXPECT_NE(why_no_text(wide(text, bytes, big_endian, false))
                      .value_or("")
                      .find("`iconv -f " + name + (big_endian ? "be" : "le") + " -t utf-8`"),
                  std::string::npos)
            << text << bytes << big_endian;
      }
}

TEST(TextKind, FilesOfOtherKinds) {
  const std::string zeros(600, '\0');
  const auto what = [&](std::string_view beginning) {
    return why_no_text(std::string(beginning) + zeros).value_or("");
  };
  EXPECT_NE(what("\x1f\x8b\x08").find("gunzip"), std::string::npos);
  EXPECT_NE(what("PK\x03\x04").find("unzip"), std::string::npos);
  EXPECT_NE(what("%PDF-1.7\n").find("pdftotext"), std::string::npos);
  EXPECT_NE(why_no_text("%PDF-1.4\nall of it ASCII").value_or("").find("pdftotext"), std::string::npos);
  EXPECT_NE(what("\x28\xb5\x2f\xfd").find("unzstd"), std::string::npos);
  EXPECT_NE(what("BZh91AY&SY").find("bunzip2"), std::string::npos);
  EXPECT_NE(what("\x89HDF\r\n\x1a\n").find("data.path"), std::string::npos);
  EXPECT_NE(what("PAR1").find("Parquet"), std::string::npos);
  EXPECT_NE(what("text.txt" + std::string(249, '\0') + "ustar").find("tar -xf"), std::string::npos);
  EXPECT_NE(what("\x01\x02\x03 unknown").find("binary"), std::string::npos);
  std::string noise;
  for (uint32_t i = 1; i < 4000; ++i) noise += static_cast<char>(i * 2654435761u >> 24);
  EXPECT_NE(why_no_text(noise).value_or("").find("binary"), std::string::npos);
}

// The advice for the first byte that is no UTF-8.
std::string advice(const std::string& text) { return encoding_advice(text, first_invalid_utf8(text).value()); }

TEST(TextKind, NoEncodingIsNamedThatIsNotPlausible) {
  EXPECT_NE(advice("Un caf\xe9, s'il vous pla\xeet.\n").find("windows-1252"), std::string::npos);
  EXPECT_NE(advice("\x93Hello\x94 \x97 she said\n").find("windows-1252"), std::string::npos);
  EXPECT_NE(advice("caf\xe9").find("windows-1252"), std::string::npos) << "a last letter";
  for (const char* other :
       {"\xc2\xf1\xe5 \xf1\xf7\xe0\xf1\xf2\xeb\xe8\xe2\xfb\xe5 \xf1\xe5\xec\xfc\xe8\n",  // windows-1251
        "\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\n",                                    // shift_jis
        "\xb4\xf3\xbd\xad\xb6\xab\xc8\xa5\n"}) {                                         // gb18030
    EXPECT_EQ(advice(other).find("1252"), std::string::npos) << advice(other);
    EXPECT_NE(advice(other).find("iconv -f ENCODING"), std::string::npos) << advice(other);
  }
  EXPECT_NE(advice(kRussian + "\xff" + kRussian).find("iconv -c"), std::string::npos);
  EXPECT_NE(advice("Z\u00fcrich and the \xff lake").find("iconv -c"), std::string::npos);
  EXPECT_NE(advice(kRussian + "\xd0").find("was cut off"), std::string::npos);
  EXPECT_NE(advice("plain text \xf0\x9f\x98").find("was cut off"), std::string::npos);
  EXPECT_NE(advice("\xff" + std::string("\x01\x02\x03\x04 binary")).find("binary"), std::string::npos);
}

}  // namespace
}  // namespace convoy
