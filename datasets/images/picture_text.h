// Pictures in a terminal: two pixels a character cell, one above the other.
#pragma once

#include <string>

#include "datasets/images/image.h"

namespace convoy {

enum class PictureStyle {
  colours,  // half blocks in 24 bits of colour, by escape sequences
  shades,   // letters from light to dark, for any terminal or file
};

// At most so many cells wide; larger pictures are shrunk. Lines end in "\n". Pictures of another number of channels
// than 1 or 3 show their first.
std::string picture_text(const Image& image, PictureStyle style, int64_t columns);

}  // namespace convoy
