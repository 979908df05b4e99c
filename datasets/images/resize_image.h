// Pictures of another size: a triangle filter, which is bilinear where a picture grows and, as wide as two pixels of
// the result, averages all pixels where it shrinks (no aliasing). In integers: the same bytes on every machine.
#pragma once

#include "datasets/images/image.h"

namespace convoy {

// A part of a picture, in whole pixels.
struct ImagePart {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// The part, brought to height x width; each side by itself, so that its proportions may change.
Image resize_part(const Image& image, const ImagePart& part, int64_t height, int64_t width);

}  // namespace convoy
