// Characters about whose class Hugging Face's library (Oniguruma, Unicode 16) and the linked PCRE2 may differ: Debian
// 12's knows Unicode 14. A pattern is matched against a text in which stand-ins take their place, characters that both
// know and that have the general category and the length in UTF-8 that Oniguruma says. So every PCRE2 from Unicode 14
// to 16 finds what Oniguruma finds.
#pragma once

#include <string>
#include <string_view>

namespace convoy {

// The text itself if it has none of these characters, else `copy`, with stand-ins.
std::string_view with_stand_ins(std::string_view text, std::string& copy);

// Whether of each such character and its stand-in either both or none are from first to last.
bool stand_ins_suit(char32_t first, char32_t last);

// Throws DataError unless the linked PCRE2 has tables of Unicode 14 to 16.
void require_known_tables();

}  // namespace convoy
