#include "kernels/cpu/convolution/tap_product.h"

#include <algorithm>

#include "kernels/cpu/convolution/workspace.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kManyPieces = 32;

}  // namespace

TapProduct::TapProduct(const TapGrid& grid, const ChannelGroups& groups, const Tensor& source, const Tensor& result,
                       const Tensor& bias, bool relu, const ConvolutionKernels& kernels)
    : grid_(grid),
      groups_(groups),
      kernels_(kernels),
      source_(source),
      result_(result),
      bias_(bias),
      relu_(relu),
      chunks_(grid_, groups.sources),
      panels_(grid_, groups_, kernels_),
      slab_floats_(Slab(grid_, source, groups.sources).floats(chunks_)) {}

void TapProduct::run(const Tensor& weight, int64_t kernel_w, float* scratch) const {
  if (grid_.is_empty()) return;
  if (panels_.inner() > 0)
    parallel_for(panels_.pieces(), [&](int64_t piece) { panels_.pack(weight, kernel_w, scratch, piece); });
  const int64_t tiles = panels_.tiles().panels, tile_pieces = tiles_are_pieces() ? tiles : 1;
  parallel_for(chunks_.count() * groups_.count * tile_pieces, [&](int64_t piece) {
    const int64_t tile = piece % tile_pieces, group = piece / tile_pieces % groups_.count;
    run_chunk(chunks_.at(piece / tile_pieces / groups_.count), group, tile, tile_pieces == 1 ? tiles : tile + 1,
              scratch);
  });
}

// With few chunks, so that all threads have something to do. What is fetched for a chunk is then fetched for each.
bool TapProduct::tiles_are_pieces() const { return chunks_.count() * groups_.count < kManyPieces; }

TapProduct::Workspace TapProduct::workspace() const {
  const int64_t widest = panels_.tiles().width(panels_.tiles().panels - 1);
  const int64_t sums = panels_.blocks() > 1 ? chunks_.most_pixels() * widest : 0;
  std::byte* memory = thread_scratch(bytes_for<float>(slab_floats_) + bytes_for<float>(sums) +
                                     bytes_for<int64_t>(chunks_.most_rows()) + bytes_for<int32_t>(panels_.inner()));
  Workspace w{};
  w.slab = take<float>(memory, slab_floats_);
  w.sums = take<float>(memory, sums);
  w.bases = take<int64_t>(memory, chunks_.most_rows());
  w.offsets = take<int32_t>(memory, panels_.inner());
  return w;
}

void fill_tap_offsets(const TapGrid& grid, const Slab& slab, int64_t channels, int32_t* offsets) {
  for (int64_t row = 0; row < grid.rows.taps; ++row)
    for (int64_t column = 0; column < grid.columns.taps; ++column) {
      const auto tap = static_cast<int32_t>(slab.tap_offset(row, column));
      for (int64_t c = 0; c < channels; ++c) *offsets++ = tap + static_cast<int32_t>(c);
    }
}

void TapProduct::run_chunk(const PixelChunk& chunk, int64_t group, int64_t first_tile, int64_t end_tile,
                           float* panels) const {
  const Workspace w = workspace();
  Slab slab(grid_, source_, groups_.sources);
  slab.fetch(chunk, group * groups_.sources, groups_.sources_of(group), w.slab, w.bases);
  fill_tap_offsets(grid_, slab, groups_.summed(), w.offsets);
  const PanelSplit& tiles = panels_.tiles();
  for (int64_t tile = first_tile; tile < end_tile; ++tile) {
    const int64_t in_group = tiles.first_column(tile), channel = group * groups_.results + in_group;
    TapStrip strip{.columns = panels_.tile_columns(group, tile), .dtype = result_.dtype};
    if (strip.columns <= 0) continue;
    for (int64_t block = 0; block < panels_.blocks(); ++block) {
      strip.offsets = w.offsets + panels_.first_term(block);
      strip.inner = panels_.first_term(block + 1) - panels_.first_term(block);
      strip.panels = panels_.block(panels, group, tile, block);
      run_block(chunk, slab, strip, block, channel, w.sums);
    }
  }
}

// Strip by strip, about alike. Sums that are not complete stay in `sums`, (pixels, columns).
void TapProduct::run_block(const PixelChunk& chunk, const Slab& slab, const TapStrip& whole, int64_t block,
                           int64_t channel, float* sums) const {
  const bool is_last = block == panels_.blocks() - 1;
  const auto size = static_cast<int64_t>(size_of(result_.dtype));
  TapStrip strip = whole;
  if (!is_last) strip.dtype = DType::f32;
  if (is_last && bias_) strip.bias = static_cast<const std::byte*>(bias_.data) + channel * size;
  strip.relu = is_last && relu_;
  strip.old_stride = whole.columns;
  const auto multiply = groups_.by_channel ? kernels_.multiply_by_channel : kernels_.multiply;
  // By channel, columns are channels of the source as well.
  const int64_t first_channel = groups_.by_channel ? channel % groups_.results : 0;
  const int64_t result_step = grid_.columns.result_step * result_.shape[3] * size;
  const int64_t pixels = chunk.pixels(), strips = ceil_div(pixels, kernels_.strip_rows);
  const float* source = nullptr;
  std::byte* result = nullptr;
  int64_t row = -1, left = 0;  // of the row's pixels
  for (int64_t s = 0, pixel = 0; s < strips; ++s) {
    const int64_t end = pixels * (s + 1) / strips;
    strip.row_count = end - pixel;
    strip.old = block > 0 ? sums + pixel * whole.columns : nullptr;
    for (size_t m = 0; pixel < end; ++pixel, ++m, --left) {
      if (left == 0) {
        left = chunk.columns;
        source = slab.pixel(++row, 0) + first_channel;
        result = result_at(chunk.first_row + row, chunk.first_column, channel);
      }
      strip.rows[m] = source;
      strip.to[m] = is_last ? static_cast<void*>(result) : sums + pixel * whole.columns;
      source += slab.pixel_step();
      result += result_step;
    }
    multiply(strip);
  }
}

std::byte* TapProduct::result_at(int64_t row, int64_t column, int64_t channel) const {
  const TapAxis &rows = grid_.rows, &columns = grid_.columns;
  const int64_t sample = row / rows.results, y = rows.first_result + row % rows.results * rows.result_step;
  const int64_t x = columns.first_result + column * columns.result_step;
  const Shape& shape = result_.shape;
  const int64_t element = ((sample * shape[1] + y) * shape[2] + x) * shape[3] + channel;
  return static_cast<std::byte*>(result_.data) + element * static_cast<int64_t>(size_of(result_.dtype));
}

}  // namespace convoy::cpu
