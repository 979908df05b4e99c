#include "core/layers/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"

namespace convoy {
namespace {

struct Axis {
  int64_t results, before;
};

// reach: from the first to the last pixel of a window.
Axis axis_of(int64_t extent, int64_t reach, int64_t stride, Padding::Kind kind, int64_t number) {
  const auto results = [&](int64_t padding) {
    return extent + padding < reach ? 0 : (extent + padding - reach) / stride + 1;
  };
  switch (kind) {
    case Padding::Kind::valid:
      return {results(0), 0};
    case Padding::Kind::causal:
      return {results(reach - 1), reach - 1};
    case Padding::Kind::number:
      return {results(2 * number), number};
    case Padding::Kind::same:
      break;
  }
  const int64_t count = ceil_div(extent, stride);
  return {count, std::max<int64_t>(0, (count - 1) * stride + reach - extent) / 2};
}

int64_t reach_of(int64_t window, int64_t dilation) { return (window - 1) * dilation + 1; }

}  // namespace

Shape PictureExtents::shape_with(int64_t rows, int64_t columns, int64_t channels) const {
  return is_sequence ? Shape{B, columns, channels} : Shape{B, rows, columns, channels};
}

PictureExtents picture_of(std::string_view layer, const TensorSpec& input, bool is_sequence) {
  const Shape& s = input.shape;
  const int wanted = is_sequence ? 3 : 4;
  if (s.dims() != wanted)
    throw ConfigError(fmt::format(
        "layer {}: its input has shape {}; it takes {}, of {} dimensions: {}", layer, to_string(s),
        is_sequence ? "sequences (batch, length, channels)" : "pictures (batch, height, width, channels)", wanted,
        s.dims() == wanted + 1 && is_sequence ? "for pictures take the layer's 2d form"
                                              : "put a reshape in front of it, or choose another layer"));
  if (is_sequence) return {s[0], 1, s[1], s[2], true};
  return {s[0], s[1], s[2], s[3], false};
}

WindowPlaces places_of(std::string_view layer, const PictureExtents& picture, const Window& window) {
  const int64_t h = reach_of(window.h, window.dilation_h), w = reach_of(window.w, window.dilation_w);
  const Padding& padding = window.padding;
  const Axis rows =
      axis_of(picture.H, h, window.stride_h, picture.is_sequence ? Padding::Kind::valid : padding.kind, padding.h);
  const Axis columns = axis_of(picture.W, w, window.stride_w, padding.kind, padding.w);
  if (rows.results < 1 || columns.results < 1) {
    const Shape input = picture.shape_with(picture.H, picture.W, picture.C);
    const std::string reach = picture.is_sequence ? fmt::format("{}", w) : fmt::format("{} x {}", h, w);
    throw ConfigError(fmt::format(
        "layer {}: its window reaches over {} pixels, its input has shape {}; take a window of "
        "at most {}{}, or padding: same",
        layer, reach, to_string(input), picture.is_sequence ? "" : fmt::format("{} x ", picture.H), picture.W));
  }
  return {rows.results, columns.results, rows.before, columns.before};
}

}  // namespace convoy
