// UTF-8 that text must be, besides what core/base knows of it.
#pragma once

#include <string_view>

#include "core/base/utf8.h"

namespace convoy {

// Throws DataError naming the byte position unless the text is valid.
void require_utf8(std::string_view text);

}  // namespace convoy
