// The weights of a convolution as panels, in the order in which a grid's taps are summed: row tap, column tap, channel.
//
// [group][tile of columns][block of the sum][panel]: a block of a tile is what TapStrip::panels takes.
#pragma once

#include <cstdint>

#include "core/ops/tap_grid.h"
#include "core/tensor/tensor.h"
#include "kernels/cpu/convolution/channel_groups.h"

namespace convoy::cpu {

class WeightPanels {
 public:
  // References must outlive it.
  WeightPanels(const TapGrid& grid, const ChannelGroups& groups, const ConvolutionKernels& kernels);

  int64_t inner() const { return inner_; }  // terms of a sum
  int64_t floats() const { return groups_.count * inner_ * groups_.padded_results(); }
  // An element's sum is over one block after the other: their sizes follow from the shape.
  int64_t blocks() const { return blocks_; }
  int64_t first_term(int64_t block) const { return inner_ * block / blocks_; }
  const PanelSplit& tiles() const { return tiles_; }
  int64_t tile_columns(int64_t group, int64_t tile) const {
    return std::min(groups_.results_of(group), tiles_.first_column(tile + 1)) - tiles_.first_column(tile);
  }

  float* block(float* panels, int64_t group, int64_t tile, int64_t block) const {
    return panels + (group * groups_.padded_results() + tiles_.first_column(tile)) * inner_ +
           first_term(block) * tiles_.width(tile);
  }

  // Packing, in pieces that may be done at the same time. weight: as it is stored, with a kernel so wide.
  int64_t pieces() const { return groups_.count * tiles_.vectors; }
  void pack(const Tensor& weight, int64_t kernel_w, float* panels, int64_t piece) const;

 private:
  template <class Real>
  void pack_lanes(const Real* weight, int64_t kernel_w, int64_t block, int64_t lanes, int64_t width, float* to) const;

  const TapGrid& grid_;
  const ChannelGroups& groups_;
  int64_t panel_vectors_, inner_, blocks_;
  PanelSplit tiles_;
};

}  // namespace convoy::cpu
