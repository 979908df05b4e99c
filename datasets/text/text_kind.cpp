#include "datasets/text/text_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/base/utf8.h"
#include "datasets/text/wide_text.h"

namespace convoy {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t offset;
  std::string_view bytes;
  const char* what;
  const char* remedy;
};

constexpr const char* kUnpack = "unpack it and name what was in it";
constexpr const char* kExport = "export its text to a file of UTF-8";
constexpr const char* kNameText = "name files of text";
constexpr Magic kMagics[] = {
    {0, "\x1f\x8b"sv, "gzip-compressed", "unpack it with `gunzip`"},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     "xz-compressed", "unpack it with `unxz`"},
    {0, "\x28\xb5\x2f\xfd"sv, "zstd-compressed", "unpack it with `unzstd`"},
    {0, "\x04\x22\x4d\x18"sv, "lz4-compressed", "unpack it with `unlz4`"},
    {4, "1AY&SY"sv, "bzip2-compressed", "unpack it with `bunzip2`"},
    {0, "PK\x03\x04"sv, "a zip archive or a document in one (docx, odt, epub)",
     "unpack it with `unzip`, or save the document as plain text"},
    {0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpack},
    {0, "Rar!\x1a\x07"sv, "a rar archive", kUnpack},
    {257, "ustar"sv, "a tar archive", "unpack it with `tar -xf`"},
    {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "a document of an office program", "save it as plain text in UTF-8"},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file",
     "name the text that it was made of; a dataset's folder goes to data.path"},
    {0, "PAR1"sv, "a Parquet file", kExport},
    {0, "ARROW1"sv, "an Arrow file", kExport},
    {0, "SQLite format 3"sv, "an SQLite database", kExport},
    {0, "\x93NUMPY"sv, "a NumPy array", kExport},
    {0, "\x89PNG"sv, "a picture", kNameText},
    {0, "\xff\xd8\xff"sv, "a picture", kNameText},
    {0, "GIF8"sv, "a picture", kNameText},
    {0,
     "\x7f"
     "ELF"sv,
     "a program", kNameText},
};

bool is_plain_text(std::string_view text) {
  text.remove_suffix(unfinished_utf8_bytes(text));
  return !first_invalid_utf8(text) && text.find('\0') == std::string_view::npos;
}

// What a terminal would be moved by, besides what old texts hold: backspace, form feed, escape.
bool is_binary_control(unsigned char c) { return c < 0x07 || (c >= 0x0e && c < 0x20 && c != 0x1b) || c == 0x7f; }

std::optional<std::string> why_binary(std::string_view text) {
  const auto controls = std::count_if(text.begin(), text.end(), is_binary_control);
  const double share = 100.0 * static_cast<double>(controls) / static_cast<double>(text.size());
  if (controls < 2 || share <= 2) return std::nullopt;
  return fmt::format("is no text but a binary file: {:.0f}% of its first bytes are control characters; {}", share,
                     kNameText);
}

// How bytes beyond ASCII stand in a part of a text.
struct HighBytes {
  int64_t letters = 0;     // of ASCII
  int64_t characters = 0;  // of UTF-8, valid
  int64_t others = 0;      // that belong to none
  int64_t alone = 0;       // of these, without another beside
  bool undefined_in_1252 = false;
};

HighBytes count_high_bytes(std::string_view part) {
  HighBytes counts;
  const auto is_high = [&](size_t i) { return i < part.size() && static_cast<unsigned char>(part[i]) >= 0x80; };
  for (size_t i = 0; i < part.size(); ++i) {
    if (!is_high(i)) {
      counts.letters += std::isalpha(static_cast<unsigned char>(part[i])) != 0 ? 1 : 0;
      continue;
    }
    if (const size_t length = valid_utf8_length(part, i); length > 0) {
      ++counts.characters;
      i += length - 1;
      continue;
    }
    ++counts.others;
    if (!is_high(i - 1) && !is_high(i + 1)) ++counts.alone;
    if ("\x81\x8d\x8f\x90\x9d"sv.find(part[i]) != std::string_view::npos) counts.undefined_in_1252 = true;
  }
  return counts;
}

// Single accented letters and quotation marks among ASCII.
bool is_western(const HighBytes& counts) {
  return !counts.undefined_in_1252 && counts.alone * 5 >= counts.others * 4 && counts.others * 2 <= counts.letters;
}

// Two bytes of another encoding may be a character by chance.
bool is_damaged_utf8(const HighBytes& counts) {
  const bool mostly_ascii = counts.letters >= 4 * (counts.characters + counts.others);
  return counts.characters >= (mostly_ascii ? 1 : 4) * counts.others;
}

}  // namespace

std::optional<std::string> why_no_text(std::string_view beginning) {
  const bool plain = is_plain_text(beginning);
  if (beginning.starts_with("%PDF-")) return "is a PDF document; take its text out with `pdftotext`";
  if (plain) return std::nullopt;
  for (const Magic& magic : kMagics)
    if (beginning.size() > magic.offset && beginning.substr(magic.offset).starts_with(magic.bytes))
      return fmt::format("is {}; {}", magic.what, magic.remedy);
  if (const auto wide = wide_encoding_of(beginning))
    return fmt::format("is text in {}, wanted is UTF-8; convert it with `iconv -f {} -t utf-8`", wide->name,
                       wide->iconv_name);
  return why_binary(beginning);
}

std::string encoding_advice(std::string_view part, size_t position) {
  constexpr size_t kLooked = 1 << 15;
  const size_t begin = position - std::min(position, kLooked);
  const std::string_view around = part.substr(begin, 2 * kLooked);
  if (const auto binary = why_binary(around)) return *binary;
  const HighBytes counts = count_high_bytes(around);
  // A single byte may as well be the accented letter that a text of one-byte characters ends with.
  const size_t rest = part.size() - position;
  if (unfinished_utf8_bytes(part) == rest && (rest > 1 || counts.characters > 0))
    return "the text ends within a character, so it was cut off; copy it again, or drop the rest of the character with "
           "`iconv -c -f utf-8 -t utf-8`";
  if (is_damaged_utf8(counts))
    return "the rest is UTF-8, so the text is damaged there or was joined with one of another encoding; mend it, or "
           "drop such bytes with `iconv -c -f utf-8 -t utf-8`";
  if (is_western(counts))
    return "if this is Western European text, convert it with `iconv -f windows-1252 -t utf-8`, which also reads "
           "Latin-1";
  return "find out its encoding, `file` may know, and convert it with `iconv -f ENCODING -t utf-8`: windows-1251 or "
         "koi8-r (Cyrillic), gb18030 or big5 (Chinese), shift_jis (Japanese), euc-kr (Korean) are common";
}

}  // namespace convoy
