// A cell of a table as a number.
#pragma once

#include <string>
#include <string_view>

namespace convoy {

struct ParsedNumber {
  float value = 0;
  bool rounded = false;  // a whole number, written in digits alone, that f32 does not have
  std::string problem;   // "is no number"; empty: value is it
};

// Decimal digits with or without a sign, a point and an exponent, whatever the locale; all of the text or nothing. Too
// small for f32 becomes 0, too large is a problem, as is infinity.
ParsedNumber parse_number(std::string_view text);

}  // namespace convoy
