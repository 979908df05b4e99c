// Which kernels a convolution gets, see convolution_kernels.h.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/reductions.h"
#include "kernels/cuda/convolution/convolution_kernels.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

constexpr int64_t kMostPixels = std::numeric_limits<int32_t>::max() / 2, kMostGroups = 65535;

void check_limits(const ConvolutionShape& s) {
  const int64_t pixels = std::max(s.B * s.H * s.W, s.B * s.Hout * s.Wout);
  const int64_t terms = s.kernel_h * s.kernel_w * std::max(s.group_inputs(), s.group_outputs());
  if (pixels > kMostPixels || terms > kMostPixels)
    throw InternalError(fmt::format(
        "convolution of {} pixels with sums of {} terms: {} are the most of each; use a smaller batch.micro", pixels,
        terms, kMostPixels));
  if (!s.is_depthwise() && s.groups > kMostGroups)
    throw InternalError(fmt::format("convolution in {} groups: {} are the most", s.groups, kMostGroups));
}

void check_scratch(const Tensor& scratch, size_t bytes) {
  if (bytes > 0 && scratch.bytes() < bytes)
    throw InternalError(
        fmt::format("a convolution needs {} bytes of scratch and has {}; ask scratch_bytes()", bytes, scratch.bytes()));
}

// For every grid of the gradient of the input.
template <class Body>
void for_input_grids(const ConvolutionShape& s, const Body& body) {
  for (int64_t row = 0; row < s.stride_h; ++row)
    for (int64_t column = 0; column < s.stride_w; ++column) {
      const TapGrid grid = input_gradient_grid(s, row, column);
      if (!grid.is_empty()) body(grid);
    }
}

size_t packed_bytes(const ConvolutionShape& s, const TapGrid& grid, bool of_input) {
  if (s.is_depthwise()) return static_cast<size_t>(grid.taps() * s.Cin) * size_of(s.dtype);
  const GroupChannels channels(s, of_input);
  return PackedWeights(grid, channels, s.dtype).bytes(channels.groups, s.dtype);
}

struct Product {
  const ConvolutionShape& shape;
  Tensor source, result, weight, bias;
  bool relu, tf32, of_input;
};

void enqueue_product(Stream& stream, const Product& p, const TapGrid& grid, void* packed) {
  const ConvolutionShape& s = p.shape;
  if (s.is_depthwise()) {
    enqueue_pack_weights_by_channel(stream, p.weight, packed, grid, s.kernel_w, s.Cin);
    enqueue_channel_product(stream, {grid, p.source, p.result, p.bias, packed, p.relu});
    return;
  }
  const GroupChannels channels(s, p.of_input);
  const PackedWeights weights(grid, channels, s.dtype);
  enqueue_pack_weights(stream, p.weight, packed, weights, grid, channels, s.kernel_w);
  enqueue_gather_product(stream, {grid, channels, p.source, p.result, p.bias, packed, weights, p.relu, p.tf32});
}

}  // namespace

Taps::Taps(const TapGrid& grid, int64_t whole_rows, int64_t whole_columns) {
  const TapAxis &r = grid.rows, &c = grid.columns;
  const auto narrow = [](int64_t value) { return static_cast<int>(value); };
  rows = narrow(r.results), columns = narrow(c.results);
  source_rows = narrow(r.sources), source_columns = narrow(c.sources);
  first_row = narrow(r.first), row_step = narrow(r.step);
  first_column = narrow(c.first), column_step = narrow(c.step);
  row_taps = narrow(r.taps), column_taps = narrow(c.taps);
  row_spacing = narrow(r.spacing), column_spacing = narrow(c.spacing);
  result_rows = narrow(whole_rows), result_columns = narrow(whole_columns);
  first_result_row = narrow(r.first_result), result_row_step = narrow(r.result_step);
  first_result_column = narrow(c.first_result), result_column_step = narrow(c.result_step);
  pixels = narrow(grid.B * r.results * c.results);
}

GroupChannels::GroupChannels(const ConvolutionShape& s, bool of_input)
    : groups(static_cast<int>(s.groups)),
      sources(static_cast<int>(of_input ? s.group_outputs() : s.group_inputs())),
      results(static_cast<int>(of_input ? s.group_inputs() : s.group_outputs())),
      all_sources(sources * groups),
      all_results(results * groups) {
  const auto taps = static_cast<int>(s.kernel_h * s.kernel_w), of_output = static_cast<int>(s.group_inputs()) * taps;
  result_stride = of_input ? taps : of_output;
  source_stride = of_input ? of_output : taps;
  group_stride = s.group_outputs() * of_output;
}

PackedWeights::PackedWeights(const TapGrid& grid, const GroupChannels& channels, DType dtype)
    : terms(static_cast<int>(grid.taps()) * channels.sources),
      padded_terms(round_up(terms, kTileRowBytes / static_cast<int>(size_of(dtype)))),
      columns(channels.results),
      padded_columns(round_up(columns, columns <= 64 ? 64 : 128)),
      tile_columns(columns <= 64 ? 64 : 128) {}

void convolution_forward(Stream& stream, const ConvolutionForward& args, const Tensor& scratch, bool tf32) {
  check_convolution(args.shape, args.x, args.y, args.weight);
  check_limits(args.shape);
  check_scratch(scratch, convolution_forward_scratch_bytes(args));
  const TapGrid grid = forward_grid(args.shape);
  if (grid.is_empty()) return;
  enqueue_product(stream, {args.shape, args.x, args.y, args.weight, args.bias, args.relu, tf32, false}, grid,
                  scratch.data);
}

size_t convolution_forward_scratch_bytes(const ConvolutionForward& args) {
  return packed_bytes(args.shape, forward_grid(args.shape), false);
}

// One grid after the other, in the same scratch.
void convolution_backward_input(Stream& stream, const ConvolutionBackwardInput& args, const Tensor& scratch,
                                bool tf32) {
  check_convolution(args.shape, args.dx, args.dy, args.weight);
  check_limits(args.shape);
  check_scratch(scratch, convolution_backward_input_scratch_bytes(args));
  const Product product{args.shape, args.dy, args.dx, args.weight, {}, false, tf32, true};
  for_input_grids(args.shape, [&](const TapGrid& grid) { enqueue_product(stream, product, grid, scratch.data); });
}

size_t convolution_backward_input_scratch_bytes(const ConvolutionBackwardInput& args) {
  size_t bytes = 0;
  for_input_grids(args.shape,
                  [&](const TapGrid& grid) { bytes = std::max(bytes, packed_bytes(args.shape, grid, true)); });
  return bytes;
}

void convolution_backward_weight(Stream& stream, const ConvolutionBackwardWeight& args, const Tensor& scratch,
                                 bool tf32) {
  check_convolution(args.shape, args.x, args.dy, args.dweight);
  check_limits(args.shape);
  check_scratch(scratch, convolution_backward_weight_scratch_bytes(args));
  if (args.dy.elements() == 0) return;
  if (args.dbias) column_sums(stream, {args.dbias, args.dy.matrix()}, scratch);
  if (args.shape.is_depthwise())
    enqueue_channel_pixel_product(stream, args, scratch.as<float>());
  else
    enqueue_pixel_product(stream, args, tf32, scratch.as<float>());
}

size_t convolution_backward_weight_scratch_bytes(const ConvolutionBackwardWeight& args) {
  const size_t product =
      args.shape.is_depthwise() ? channel_pixel_product_bytes(args.shape) : pixel_product_bytes(args.shape);
  return args.dbias ? std::max(product, column_sums_scratch_bytes({args.dbias, args.dy.matrix()})) : product;
}

}  // namespace convoy::cuda
