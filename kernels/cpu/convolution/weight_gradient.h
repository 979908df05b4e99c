// The gradient of a convolution's weights: a sum over all pixels, cut into parts that follow from the shape alone and
// are added in order. In a part, chunk by chunk, every weight's sources meet the gradients of the results.
#pragma once

#include <cstddef>

#include "core/ops/tap_grid.h"
#include "core/tensor/tensor.h"
#include "kernels/cpu/convolution/channel_groups.h"
#include "kernels/cpu/convolution/chunks.h"
#include "kernels/cpu/convolution/slab.h"

namespace convoy::cpu {

class WeightGradient {
 public:
  explicit WeightGradient(const ConvolutionBackwardWeight& args,
                          const ConvolutionKernels& kernels = convolution_kernels());

  size_t scratch_bytes() const;
  // On the calling thread's team. scratch: scratch_bytes(), 64-byte aligned.
  void run(float* scratch) const;

 private:
  struct Piece {
    int64_t part, group, first_weight, weights, tile;
    float *sums, *bias_sums;  // bias_sums: null if another piece adds them
  };
  struct Workspace {  // of the running thread
    float *slab, *panels;
    int64_t* bases;
    int32_t *pixels, *weights;
  };

  int64_t part_floats() const { return inner_ * groups_.padded_results(); }
  Piece piece_at(int64_t index, float* scratch) const;
  Workspace workspace() const;
  void run_piece(const Piece& piece) const;
  void run_chunk(const Piece& piece, const PixelChunk& chunk, bool is_first, const Workspace& w) const;
  void pack_gradients(const PixelChunk& chunk, int64_t channel, int64_t columns, float* panels) const;
  void multiply(const Piece& piece, const Slab& slab, int64_t pixels, bool is_first, const Workspace& w) const;
  void add_parts(const float* scratch, int64_t piece) const;

  const ConvolutionBackwardWeight& args_;
  const TapGrid grid_;
  const ChannelGroups groups_;
  const ConvolutionKernels& kernels_;
  const PixelChunks chunks_;
  const PanelSplit tiles_;  // of results' channels
  const int64_t inner_;     // weights of a result's channel
  int64_t weight_tiles_, parts_;
  const int64_t slab_floats_;
};

}  // namespace convoy::cpu
