// The kernels of convolutions. Which of them a call gets: convolution.cpp.
//
//   gather product   y and dx: result pixels x channels, summed over taps and channels
//   pixel product    dweight: taps and channels x channels, summed over pixels, in parts
//   by channel       all three, where every channel is alone ("depthwise")
//
// Weights are first packed, [group][channel of the result][term], padded by zeros to whole tiles; by channel
// [tap][channel].
#pragma once

#include "core/device/stream.h"
#include "core/tensor/tensor.h"
#include "kernels/cuda/convolution/taps.h"

namespace convoy::cuda {

// Of terms of a sum, in a tile of weights or of pixels: packed weights are padded to as many.
inline constexpr int kTileRowBytes = 128;

// Of one group; the others lie behind it.
struct GroupChannels {
  int groups;
  int sources, results;          // of a group
  int all_sources, all_results;  // of a pixel
  // Of the weight's elements: from a result's channel to the next, from a source's, from group to group.
  int result_stride, source_stride;
  int64_t group_stride;

  // Of the outputs from the inputs, or the other way round.
  GroupChannels(const ConvolutionShape& shape, bool of_input);
};

// How weights are packed for a grid.
struct PackedWeights {
  int terms, padded_terms;      // of a sum
  int columns, padded_columns;  // channels of the result of a group
  int tile_columns;             // of the kernel that reads them

  PackedWeights(const TapGrid& grid, const GroupChannels& channels, DType dtype);
  size_t bytes(int groups, DType dtype) const {
    return static_cast<size_t>(groups) * static_cast<size_t>(padded_terms) * static_cast<size_t>(padded_columns) *
           size_of(dtype);
  }
};

void enqueue_pack_weights(Stream& stream, const Tensor& weight, void* packed, const PackedWeights& as,
                          const TapGrid& grid, const GroupChannels& channels, int64_t kernel_w);
void enqueue_pack_weights_by_channel(Stream& stream, const Tensor& weight, void* packed, const TapGrid& grid,
                                     int64_t kernel_w, int64_t channels);

struct GatherProduct {
  const TapGrid& grid;
  const GroupChannels& channels;
  Tensor source, result, bias;  // bias: absent if there is none
  const void* packed;
  const PackedWeights& weights;
  bool relu, tf32;
};
void enqueue_gather_product(Stream& stream, const GatherProduct& product);

struct ChannelProduct {
  const TapGrid& grid;
  Tensor source, result, bias;
  const void* packed;
  bool relu;
};
void enqueue_channel_product(Stream& stream, const ChannelProduct& product);

// dweight += sums over pixels of x and dy. partials: pixel_product_bytes().
void enqueue_pixel_product(Stream& stream, const ConvolutionBackwardWeight& args, bool tf32, float* partials);
size_t pixel_product_bytes(const ConvolutionShape& shape);
void enqueue_channel_pixel_product(Stream& stream, const ConvolutionBackwardWeight& args, float* partials);
size_t channel_pixel_product_bytes(const ConvolutionShape& shape);

// dweight += the sums of the parts in order. partials: [part][group][term][padded column].
struct WeightParts {
  int parts, groups, terms, padded_terms, columns, padded_columns;
  int taps, sources;  // a term is tap * sources + channel
  int result_stride, source_stride;
  int64_t group_stride;
};
void enqueue_add_weight_parts(Stream& stream, float* dweight, const float* partials, const WeightParts& parts);

}  // namespace convoy::cuda
