// Reads a pattern in Oniguruma's syntax, character by character, escape by escape.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

class PatternReader {
 protected:
  explicit PatternReader(std::string_view pattern);

  // Throws DataError quoting the pattern.
  [[noreturn]] void refuse(size_t place, std::string_view what) const;

  size_t at() const { return at_; }
  bool more() const { return at_ < pattern_.size(); }
  bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool next_is_repeat() const { return next_is("*") || next_is("+") || next_is("?") || next_is("{"); }
  bool take(std::string_view text);
  char32_t take_character();
  std::string_view take_up_to(char end);  // without `end`, which is taken too
  // The character that an escape stands for; the backslash, at `place`, is taken.
  char32_t take_escaped(size_t place);
  // {n}, {n,}, {n,m} or {,m}, as PCRE2 writes it.
  std::string take_braces();

 private:
  char32_t take_hexadecimal(size_t place, int least, int most);
  char32_t take_hexadecimal_of_x(size_t place);
  std::optional<int> take_number(size_t place);

  std::string_view pattern_;
  size_t at_ = 0;
};

}  // namespace convoy
