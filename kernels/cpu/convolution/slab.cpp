#include "kernels/cpu/convolution/slab.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/cpu/product/kernels.h"

namespace convoy::cpu {
namespace {

// Offsets of taps and pixels are 32 bits wide: more pixels than a chunk has never lie further apart than that.
bool within_offsets(const TapGrid& grid, int64_t channels) {
  const int64_t sample = grid.rows.sources * grid.columns.sources * channels;
  constexpr int64_t kMostSamples = 192;  // of a chunk
  return sample < std::numeric_limits<int32_t>::max() / (kMostSamples + 1);
}

}  // namespace

Slab::Slab(const TapGrid& grid, const Tensor& source, int64_t channels)
    : grid_(grid),
      source_(source),
      all_channels_(source.shape[-1]),
      channels_(channels),
      in_place_(source.dtype == DType::f32 && grid.rows.is_inside() && grid.columns.is_inside() &&
                within_offsets(grid, all_channels_)) {}

int64_t Slab::floats(const PixelChunks& chunks) const {
  if (in_place_ || grid_.is_empty()) return 0;
  const TapAxis& rows = grid_.rows;
  // Each of a sample's rows brings a step, and each sample what its last row reaches beyond one.
  const int64_t samples = ceil_div(chunks.most_rows(), rows.results) + 1;
  const int64_t source_rows =
      chunks.most_rows() * rows.step + samples * std::max<int64_t>(0, rows.reach(1) - rows.step);
  return source_rows * std::max<int64_t>(1, grid_.columns.reach(chunks.most_columns())) * channels_;
}

void Slab::fetch(const PixelChunk& chunk, int64_t first_channel, int64_t channels, float* memory, int64_t* bases) {
  bases_ = bases;
  if (in_place_) return point_into_source(chunk, first_channel);
  const TapAxis &rows = grid_.rows, &columns = grid_.columns;
  const int64_t source_columns = std::max<int64_t>(1, columns.reach(chunk.columns));
  const int64_t first_column = columns.first + chunk.first_column * columns.step;
  first_ = memory;
  column_stride_ = channels;
  row_stride_ = source_columns * channels;
  int64_t row = 0, at = 0;  // of the chunk, of the slab
  while (row < chunk.rows) {
    const int64_t sample = (chunk.first_row + row) / rows.results, in_sample = (chunk.first_row + row) % rows.results;
    const int64_t count = std::min(chunk.rows - row, rows.results - in_sample);
    for (int64_t i = 0; i < count; ++i) bases[row + i] = (at + i * rows.step) * row_stride_;
    const int64_t first_row = rows.first + in_sample * rows.step, reach = std::max<int64_t>(1, rows.reach(count));
    for (int64_t i = 0; i < reach; ++i, ++at)
      copy_row(memory + at * row_stride_, sample, first_row + i, first_column, source_columns, first_channel, channels);
    row += count;
  }
}

void Slab::point_into_source(const PixelChunk& chunk, int64_t first_channel) {
  const TapAxis &rows = grid_.rows, &columns = grid_.columns;
  column_stride_ = all_channels_;
  row_stride_ = columns.sources * all_channels_;
  const int64_t first_sample = chunk.first_row / rows.results;
  first_ = source_.as<float>() + first_sample * rows.sources * row_stride_ + first_channel;
  for (int64_t i = 0; i < chunk.rows; ++i) {
    const int64_t sample = (chunk.first_row + i) / rows.results, row = (chunk.first_row + i) % rows.results;
    bases_[i] = ((sample - first_sample) * rows.sources + rows.first + row * rows.step) * row_stride_ +
                (columns.first + chunk.first_column * columns.step) * column_stride_;
  }
}

void Slab::copy_row(float* to, int64_t sample, int64_t row, int64_t first_column, int64_t columns,
                    int64_t first_channel, int64_t channels) const {
  const bool exists = row >= 0 && row < grid_.rows.sources;
  const int64_t begin = exists ? std::clamp<int64_t>(-first_column, 0, columns) : columns;
  const int64_t end = exists ? std::clamp<int64_t>(grid_.columns.sources - first_column, begin, columns) : columns;
  std::fill_n(to, begin * channels, 0.0f);
  if (begin < end)
    copy_pixels(to + begin * channels, sample, row, first_column + begin, end - begin, first_channel, channels);
  std::fill_n(to + end * channels, (columns - end) * channels, 0.0f);
}

void Slab::copy_pixels(float* to, int64_t sample, int64_t row, int64_t column, int64_t count, int64_t first_channel,
                       int64_t channels) const {
  const int64_t first =
      ((sample * grid_.rows.sources + row) * grid_.columns.sources + column) * all_channels_ + first_channel;
  const bool whole = channels == all_channels_;
  const int64_t runs = whole ? 1 : count, run = whole ? count * channels : channels;
  for (int64_t i = 0; i < runs; ++i) {
    const int64_t from = first + i * all_channels_;
    if (source_.dtype == DType::bf16)
      product_loops().widen(to + i * run, source_.as<bf16>() + from, run);
    else
      std::memcpy(to + i * run, source_.as<float>() + from, static_cast<size_t>(run) * sizeof(float));
  }
}

}  // namespace convoy::cpu
