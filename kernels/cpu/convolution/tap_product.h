// The results of a grid of taps: forward, and for each of its grids the gradient of the input.
#pragma once

#include <cstddef>

#include "core/ops/tap_grid.h"
#include "core/tensor/tensor.h"
#include "kernels/cpu/convolution/channel_groups.h"
#include "kernels/cpu/convolution/chunks.h"
#include "kernels/cpu/convolution/slab.h"
#include "kernels/cpu/convolution/weight_panels.h"

namespace convoy::cpu {

class TapProduct {
 public:
  // source, result: (B, rows, columns, channels). bias: of the results' channels, or absent.
  TapProduct(const TapGrid& grid, const ChannelGroups& groups, const Tensor& source, const Tensor& result,
             const Tensor& bias, bool relu, const ConvolutionKernels& kernels = convolution_kernels());
  TapProduct(const TapProduct&) = delete;
  TapProduct& operator=(const TapProduct&) = delete;

  size_t scratch_bytes() const { return static_cast<size_t>(panels_.floats()) * sizeof(float); }
  // On the calling thread's team. scratch: scratch_bytes(), 64-byte aligned.
  void run(const Tensor& weight, int64_t kernel_w, float* scratch) const;

 private:
  struct Workspace {  // of the running thread
    float *slab, *sums;
    int64_t* bases;
    int32_t* offsets;
  };

  bool tiles_are_pieces() const;
  Workspace workspace() const;
  void run_chunk(const PixelChunk& chunk, int64_t group, int64_t first_tile, int64_t end_tile, float* panels) const;
  void run_block(const PixelChunk& chunk, const Slab& slab, const TapStrip& whole, int64_t block, int64_t channel,
                 float* sums) const;
  std::byte* result_at(int64_t row, int64_t column, int64_t channel) const;

  const TapGrid grid_;
  const ChannelGroups groups_;
  const ConvolutionKernels& kernels_;
  const Tensor source_, result_, bias_;
  const bool relu_;
  const PixelChunks chunks_;
  const WeightPanels panels_;
  const int64_t slab_floats_;
};

// offsets[tap * channels + c] of all taps of a slab, in the order in which panels are summed. By channel: channels 1.
void fill_tap_offsets(const TapGrid& grid, const Slab& slab, int64_t channels, int32_t* offsets);

}  // namespace convoy::cpu
