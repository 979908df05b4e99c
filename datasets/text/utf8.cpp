#include "datasets/text/utf8.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

void require_utf8(std::string_view text) {
  if (const auto position = first_invalid_utf8(text))
    throw DataError(fmt::format("byte {:#04x} at position {} of the text is no UTF-8; convert the text to UTF-8",
                                static_cast<unsigned char>(text[*position]), *position));
}

}  // namespace convoy
