#include "datasets/tokenizers/regex/pattern_reader.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace convoy {
namespace {

constexpr int kMostRepeats = 1000;

bool is_decimal(char c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

PatternReader::PatternReader(std::string_view pattern) : pattern_(pattern) {
  if (const auto bad = first_invalid_utf8(pattern)) refuse(*bad, "a byte that is no UTF-8");
}

void PatternReader::refuse(size_t place, std::string_view what) const {
  throw DataError(
      fmt::format("the pattern {} of the tokenizer's pre_tokenizer has at position {} {}, which is not supported, "
                  "since it could cut otherwise than Hugging Face's library; choose a tokenizer with another pattern",
                  pattern_, place, what));
}

bool PatternReader::take(std::string_view text) {
  if (!next_is(text)) return false;
  at_ += text.size();
  return true;
}

char32_t PatternReader::take_character() {
  if (!more()) refuse(at_, "an end where more is wanted");
  return next_code_point(pattern_, at_);
}

std::string_view PatternReader::take_up_to(char end) {
  const size_t found = pattern_.find(end, at_);
  if (found == std::string_view::npos) refuse(at_, fmt::format("a beginning of what has no {}", end));
  const std::string_view text = pattern_.substr(at_, found - at_);
  at_ = found + 1;
  return text;
}

char32_t PatternReader::take_escaped(size_t place) {
  constexpr std::string_view kLetters = "nrtfvae", kMeanings = "\n\r\t\f\v\a\x1B";
  const char32_t c = take_character();
  if (c == 'u') return take_hexadecimal(place, 4, 4);
  if (c == 'x') return take_hexadecimal_of_x(place);
  if (c < 0x80 && !is_letter_or_digit(c)) return c;
  const size_t found = c < 0x80 ? kLetters.find(static_cast<char>(c)) : std::string_view::npos;
  if (found != std::string_view::npos) return static_cast<unsigned char>(kMeanings[found]);
  std::string text;
  append_utf8(text, c);
  refuse(place, fmt::format("\\{}", text));
}

char32_t PatternReader::take_hexadecimal_of_x(size_t place) {
  if (!take("{")) {
    const char32_t c = take_hexadecimal(place, 2, 2);
    if (c >= 0x80) refuse(place, "a byte beyond ASCII");  // Oniguruma's \xHH is a byte
    return c;
  }
  const char32_t c = take_hexadecimal(place, 1, 8);
  if (!take("}")) refuse(place, "a code point without }");
  return c;
}

char32_t PatternReader::take_hexadecimal(size_t place, int least, int most) {
  char32_t value = 0;
  int digits = 0;
  for (; digits < most && more(); ++digits, ++at_) {
    const char c = pattern_[at_];
    const char letter = static_cast<char>(c | 0x20);
    if (!is_decimal(c) && !(letter >= 'a' && letter <= 'f')) break;
    value = value * 16 + static_cast<char32_t>(is_decimal(c) ? c - '0' : letter - 'a' + 10);
  }
  if (digits < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) refuse(place, "no code point");
  return value;
}

std::string PatternReader::take_braces() {
  const size_t place = at_;
  at_ += 1;
  const auto least = take_number(place);
  std::optional<int> most;
  const bool comma = take(",");
  if (comma) most = take_number(place);
  if (!take("}") || (!least && !most)) refuse(place, "a { that begins no repeat");
  if (least && most && *least > *most) refuse(place, "a repeat that ends before it begins");
  if (!comma) return fmt::format("{{{}}}", *least);
  return most ? fmt::format("{{{},{}}}", least.value_or(0), *most) : fmt::format("{{{},}}", *least);
}

std::optional<int> PatternReader::take_number(size_t place) {
  if (!more() || !is_decimal(pattern_[at_])) return std::nullopt;
  int value = 0;
  for (; more() && is_decimal(pattern_[at_]); ++at_) {
    value = value * 10 + (pattern_[at_] - '0');
    if (value > kMostRepeats) refuse(place, fmt::format("a repeat of more than {}", kMostRepeats));
  }
  return value;
}

}  // namespace convoy
