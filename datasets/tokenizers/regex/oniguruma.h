// Patterns as Hugging Face's library reads them (Oniguruma, Ruby's syntax), written so that PCRE2 means the same.
//
// Passed are only constructs that are known to mean the same, or that can be said in PCRE2's words. Those that differ
// and are said anew: {1,3}+ (in Ruby a repeat of a repeat, in PCRE2 possessive), {2}? (a repeat that may be absent),
// {,3}, sets within sets, \uHHHH, \v, (?<name>...), the dot. All else is refused: \h \H \R \X \K \A \Z \z \G \b \B \w
// \W, ^ and $, references, absent operators, && and [:alpha:] in sets, scripts and names of properties other than the
// two letters of a general category, (?i) that does not begin the pattern and ignored case for anything but ASCII.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convoy {

struct Pcre2Pattern {
  std::string text;
  std::vector<std::pair<char32_t, char32_t>> ranges;  // characters and ranges that it names, from first to last
};

// Throws DataError quoting the pattern and naming what is not supported and where.
Pcre2Pattern pattern_from_oniguruma(std::string_view pattern);

}  // namespace convoy
