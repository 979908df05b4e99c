#include "kernels/cpu/convolution/weight_panels.h"

#include "core/base/bf16.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kTileVectors = 8;          // of columns
constexpr int64_t kBlockFloats = 96 * 1024;  // of weights that a second-level cache holds beside pixels

int64_t blocks_of(int64_t inner, int64_t columns) {
  return std::max<int64_t>(1, ceil_div(inner * std::min(columns, kTileVectors * kPanelLanes), kBlockFloats));
}

}  // namespace

WeightPanels::WeightPanels(const TapGrid& grid, const ChannelGroups& groups, const ConvolutionKernels& kernels)
    : grid_(grid),
      groups_(groups),
      panel_vectors_(kernels.panel_vectors),
      inner_(grid.taps() * groups.summed()),
      blocks_(blocks_of(inner_, groups.padded_results())),
      tiles_(groups.results, kTileVectors) {}

// A piece is a vector of columns: 16 results' channels of a group.
void WeightPanels::pack(const Tensor& weight, int64_t kernel_w, float* panels, int64_t piece) const {
  const int64_t group = piece / tiles_.vectors, vector = piece % tiles_.vectors, column = vector * kPanelLanes;
  const int64_t lanes = std::clamp<int64_t>(groups_.results_of(group) - column, 0, kPanelLanes);
  int64_t tile = 0;
  while (tiles_.first_vector(tile + 1) <= vector) ++tile;
  const PanelSplit split(tile_columns(group, tile), panel_vectors_);
  const int64_t in_tile = column - tiles_.first_column(tile);
  if (in_tile >= split.vectors * kPanelLanes) return;  // of a last group that has fewer
  int64_t panel = 0;
  while (split.first_column(panel + 1) <= in_tile) ++panel;
  const int64_t first = group * groups_.group_stride + column * groups_.result_stride;
  for (int64_t b = 0; b < blocks_; ++b) {
    float* to = block(panels, group, tile, b) + split.first_column(panel) * (first_term(b + 1) - first_term(b)) +
                in_tile - split.first_column(panel);
    if (weight.dtype == DType::bf16)
      pack_lanes(weight.as<bf16>() + first, kernel_w, b, lanes, split.width(panel), to);
    else
      pack_lanes(weight.as<float>() + first, kernel_w, b, lanes, split.width(panel), to);
  }
}

template <class Real>
void WeightPanels::pack_lanes(const Real* weight, int64_t kernel_w, int64_t block, int64_t lanes, int64_t width,
                              float* to) const {
  const TapAxis &rows = grid_.rows, &columns = grid_.columns;
  const int64_t channels = groups_.summed();
  for (int64_t k = first_term(block); k < first_term(block + 1); ++k, to += width) {
    const int64_t tap = k / channels, channel = k % channels;
    const int64_t row = rows.first_kernel + tap / columns.taps * rows.kernel_step;
    const int64_t column = columns.first_kernel + tap % columns.taps * columns.kernel_step;
    const Real* from = weight + channel * groups_.source_stride + row * kernel_w + column;
    for (int64_t lane = 0; lane < lanes; ++lane) to[lane] = static_cast<float>(from[lane * groups_.result_stride]);
    for (int64_t lane = lanes; lane < kPanelLanes; ++lane) to[lane] = 0;
  }
}

}  // namespace convoy::cpu
