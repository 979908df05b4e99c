// How a camera was held: the tag 0x0112 of EXIF data (CIPA DC-008), and turning a picture upright by it.
#pragma once

#include <cstddef>
#include <span>

#include "datasets/images/image.h"

namespace convoy {

// exif: from its TIFF header on, "II*" or "MM". 1 to 8; 1, upright, where there is no such tag or no sense in it.
int exif_orientation(std::span<const std::byte> exif);

// Whether upright rows are stored columns.
constexpr bool swaps_sides(int orientation) { return orientation >= 5; }

Image upright(Image image, int orientation);

}  // namespace convoy
