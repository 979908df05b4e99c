// A picture in host memory, (H, W, C) u8 or f32.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

#include "core/data/batch_source.h"

namespace convoy {

template <class Element>
struct Picture {
  Element* data;
  int64_t H, W, C;

  Element* pixel(int64_t y, int64_t x) const { return data + (y * W + x) * C; }
  bool holds(int64_t y, int64_t x) const { return y >= 0 && y < H && x >= 0 && x < W; }

  // What a number becomes as an element: bytes are rounded and stay from 0 to 255.
  static Element element(float value) {
    if constexpr (std::is_same_v<Element, uint8_t>)
      return static_cast<uint8_t>(std::lrintf(std::clamp(value, 0.0f, 255.0f)));
    else
      return value;
  }
};

inline std::string complaint_of_pictures(const BatchField& field) {
  if (field.shape.dims() == 3 && (field.dtype == DType::u8 || field.dtype == DType::f32)) return {};
  return "is of pictures, (height, width, channels)";
}

// visit(picture) with its element type.
template <class Visit>
void visit_picture(const Tensor& x, Visit visit) {
  const int64_t H = x.shape[0], W = x.shape[1], C = x.shape[2];
  if (x.dtype == DType::u8)
    visit(Picture<uint8_t>{x.as<uint8_t>(), H, W, C});
  else
    visit(Picture<float>{x.as<float>(), H, W, C});
}

}  // namespace convoy
