// A cell of a table as a number.
#pragma once

#include <string>
#include <string_view>

namespace convoy {

// Decimal digits with or without a sign, a point and an exponent, whatever the locale; all of the text or nothing. Too
// small for f32 becomes 0; what is too large for f32 is none, as is infinity.
bool parse_number(std::string_view text, double& value);

// "is no number; REMEDY", of a text of which parse_number says so.
std::string why_no_number(std::string_view text);

// A whole number that f32 does not have.
bool is_rounded(double number);

}  // namespace convoy
