// What a file is that is no UTF-8 text, and how to make one of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

// "is gzip-compressed; unpack it with `gunzip`", of a file that begins so; absent: it may be text. Some kinds are valid
// UTF-8 by chance: UTF-16 of plain letters, tar archives.
std::optional<std::string> why_no_text(std::string_view beginning);

// "ENCODING; REMEDY" of a text that is not valid at `position` of `part`, which holds some of what is around.
std::string encoding_advice(std::string_view part, size_t position);

}  // namespace convoy
