// How a window moves over pictures (B, H, W, C) and sequences (B, T, C), which are pictures of one row. What
// convolutions and pooling share.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/layers/layer.h"

namespace convoy {

// What is added around a picture.
struct Padding {
  enum class Kind : uint8_t {
    valid,   // nothing: the window stays inside
    same,    // as much as gives ceil(extent / stride) results; where it is odd the greater part is below and on the
             // right, as in Keras and TensorFlow
    causal,  // before alone, so much that a result sees nothing behind its place; for sequences
    number,  // so many pixels on each side, as in PyTorch
  };
  Kind kind = Kind::valid;
  int64_t h = 0, w = 0;  // number
};

// Rows and columns; of sequences columns alone count.
struct Window {
  int64_t h = 1, w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1;
  Padding padding;
};

struct PictureExtents {
  int64_t B, H, W, C;
  bool is_sequence;

  // Of other extents, a sequence if this is one.
  Shape shape_with(int64_t rows, int64_t columns, int64_t channels) const;
};

// Results along rows and columns, and the padding above and on the left.
struct WindowPlaces {
  int64_t rows, columns, top, left;
};

// Throws ConfigError, naming the layer, its input's shape and what it takes, unless that is a sequence, or a picture.
PictureExtents picture_of(std::string_view layer, const TensorSpec& input, bool is_sequence);

// Throws ConfigError, naming the layer, both extents and what would fit, if the window is larger than the padded
// picture.
WindowPlaces places_of(std::string_view layer, const PictureExtents& picture, const Window& window);

}  // namespace convoy
