#include "kernels/cpu/convolution/weight_gradient.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/convolution/tap_product.h"
#include "kernels/cpu/convolution/workspace.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kGradientTileVectors = 6;  // of results' channels
constexpr int64_t kMostWeights = 768;        // of a piece, of one result's channel
constexpr int64_t kGradientPieces = 32;      // so that all threads have something to do
constexpr int64_t kMostFloats = 4 << 20;     // of all parts, unless it is one

}  // namespace

WeightGradient::WeightGradient(const ConvolutionBackwardWeight& args, const ConvolutionKernels& kernels)
    : args_(args),
      grid_(forward_grid(args.shape)),
      groups_(channel_groups(args.shape)),
      kernels_(kernels),
      chunks_(grid_, groups_.sources),
      tiles_(groups_.results, kGradientTileVectors),
      inner_(grid_.taps() * groups_.summed()),
      weight_tiles_(ceil_div(inner_, kMostWeights)),
      slab_floats_(Slab(grid_, args.x, groups_.sources).floats(chunks_)) {
  const int64_t pieces = groups_.count * weight_tiles_ * tiles_.panels;
  const int64_t most = std::max<int64_t>(1, kMostFloats / (groups_.count * part_floats()));
  parts_ =
      std::clamp<int64_t>(ceil_div(kGradientPieces, pieces), 1, std::min(most, std::max<int64_t>(1, chunks_.count())));
}

// [part][group][weight][padded channel of the result], then [part][group][channel] of the bias.
size_t WeightGradient::scratch_bytes() const {
  return static_cast<size_t>(parts_ * groups_.count * (part_floats() + groups_.padded_results())) * sizeof(float);
}

void WeightGradient::run(float* scratch) const {
  if (grid_.is_empty()) return;
  parallel_for(parts_ * groups_.count * weight_tiles_ * tiles_.panels,
               [&](int64_t piece) { run_piece(piece_at(piece, scratch)); });
  parallel_for(groups_.count * ceil_div(groups_.results, kPanelLanes),
               [&](int64_t piece) { add_parts(scratch, piece); });
}

WeightGradient::Piece WeightGradient::piece_at(int64_t index, float* scratch) const {
  Piece piece{};
  piece.tile = index % tiles_.panels;
  const int64_t weight_tile = index / tiles_.panels % weight_tiles_;
  const int64_t of_part = index / (tiles_.panels * weight_tiles_);
  piece.group = of_part % groups_.count;
  piece.part = of_part / groups_.count;
  piece.first_weight = inner_ * weight_tile / weight_tiles_;
  piece.weights = inner_ * (weight_tile + 1) / weight_tiles_ - piece.first_weight;
  piece.sums = scratch + of_part * part_floats();
  float* bias_sums = scratch + parts_ * groups_.count * part_floats() + of_part * groups_.padded_results();
  if (args_.dbias && weight_tile == 0) piece.bias_sums = bias_sums;
  return piece;
}

WeightGradient::Workspace WeightGradient::workspace() const {
  const int64_t pixels = chunks_.most_pixels(), panels = pixels * tiles_.width(tiles_.panels - 1);
  std::byte* memory =
      thread_scratch(bytes_for<float>(slab_floats_) + bytes_for<float>(panels) +
                     bytes_for<int64_t>(chunks_.most_rows()) + bytes_for<int32_t>(pixels) + bytes_for<int32_t>(inner_));
  Workspace w{};
  w.slab = take<float>(memory, slab_floats_);
  w.panels = take<float>(memory, panels);
  w.bases = take<int64_t>(memory, chunks_.most_rows());
  w.pixels = take<int32_t>(memory, pixels);
  w.weights = take<int32_t>(memory, inner_);
  return w;
}

void WeightGradient::run_piece(const Piece& piece) const {
  const Workspace w = workspace();
  const int64_t first = tiles_.first_column(piece.tile);
  if (piece.bias_sums != nullptr) std::fill_n(piece.bias_sums + first, tiles_.width(piece.tile), 0.0f);
  const int64_t begin = chunks_.count() * piece.part / parts_, end = chunks_.count() * (piece.part + 1) / parts_;
  for (int64_t chunk = begin; chunk < end; ++chunk) run_chunk(piece, chunks_.at(chunk), chunk == begin, w);
}

void WeightGradient::run_chunk(const Piece& piece, const PixelChunk& chunk, bool is_first, const Workspace& w) const {
  Slab slab(grid_, args_.x, groups_.sources);
  slab.fetch(chunk, piece.group * groups_.sources, groups_.sources_of(piece.group), w.slab, w.bases);
  fill_tap_offsets(grid_, slab, groups_.summed(), w.weights);
  int32_t* pixel = w.pixels;
  for (int64_t row = 0; row < chunk.rows; ++row)
    for (int64_t column = 0; column < chunk.columns; ++column)
      *pixel++ = static_cast<int32_t>(slab.pixel_offset(row, column));
  const int64_t first = tiles_.first_column(piece.tile), channel = piece.group * groups_.results + first;
  const int64_t columns = std::min(groups_.results_of(piece.group), tiles_.first_column(piece.tile + 1)) - first;
  if (columns <= 0) return;
  pack_gradients(chunk, channel, columns, w.panels);
  if (piece.bias_sums != nullptr) {
    const int64_t first_pixel = chunk.first_row * grid_.columns.results + chunk.first_column, all = args_.shape.Cout;
    const Tensor rows = args_.dy.range(first_pixel * all + channel, 1);
    product_loops().add_column_sums(piece.bias_sums + first, rows.data, args_.dy.dtype, all, chunk.pixels(), columns);
  }
  multiply(piece, slab, chunk.pixels(), is_first, w);
}

// The gradients of a chunk's results: pixels one behind the other.
void WeightGradient::pack_gradients(const PixelChunk& chunk, int64_t channel, int64_t columns, float* panels) const {
  const int64_t first_pixel = chunk.first_row * grid_.columns.results + chunk.first_column, pixels = chunk.pixels();
  const PanelSplit split(columns, kernels_.panel_vectors);
  for (int64_t panel = 0; panel < split.panels; ++panel) {
    const int64_t first = split.first_column(panel), width = split.width(panel);
    const int64_t count = std::min(width, columns - first);
    float* to = panels + first * pixels;
    int64_t from = first_pixel * args_.shape.Cout + channel + first;
    for (int64_t pixel = 0; pixel < pixels; ++pixel, to += width, from += args_.shape.Cout) {
      if (args_.dy.dtype == DType::bf16)
        product_loops().widen(to, args_.dy.as<bf16>() + from, count);
      else
        std::memcpy(to, args_.dy.as<float>() + from, static_cast<size_t>(count) * sizeof(float));
      std::fill(to + count, to + width, 0.0f);
    }
  }
}

// Panel by panel, so that one stays in the first-level cache while all weights meet it.
void WeightGradient::multiply(const Piece& piece, const Slab& slab, int64_t pixels, bool is_first,
                              const Workspace& w) const {
  const int64_t stride = groups_.padded_results(), tile_first = tiles_.first_column(piece.tile);
  const int64_t columns = std::min(groups_.results_of(piece.group), tiles_.first_column(piece.tile + 1)) - tile_first;
  const PanelSplit split(columns, kernels_.panel_vectors);
  const int64_t strips = ceil_div(piece.weights, kernels_.strip_rows);
  const auto run = groups_.by_channel ? kernels_.multiply_by_channel : kernels_.multiply;
  for (int64_t panel = 0; panel < split.panels; ++panel) {
    const int64_t n = split.first_column(panel);
    TapStrip strip{.offsets = w.pixels,
                   .inner = pixels,
                   .panels = w.panels + n * pixels,
                   .columns = std::min(split.width(panel), columns - n),
                   .old_stride = stride};
    const float* source = slab.first() + (groups_.by_channel ? tile_first + n : 0);
    for (int64_t s = 0; s < strips; ++s) {
      const int64_t begin = piece.first_weight + piece.weights * s / strips;
      strip.row_count = piece.first_weight + piece.weights * (s + 1) / strips - begin;
      float* to = piece.sums + begin * stride + tile_first + n;
      strip.old = is_first ? nullptr : to;
      for (int64_t m = 0; m < strip.row_count; ++m) {
        strip.rows[static_cast<size_t>(m)] = source + w.weights[begin + m];
        strip.to[static_cast<size_t>(m)] = to + m * stride;
      }
      run(strip);
    }
  }
}

// Of 16 channels of results of a group: sums of the parts in order, to where the weights lie.
void WeightGradient::add_parts(const float* scratch, int64_t piece) const {
  const int64_t vectors = ceil_div(groups_.results, kPanelLanes), group = piece / vectors;
  const int64_t first = piece % vectors * kPanelLanes;
  const int64_t lanes = std::clamp<int64_t>(groups_.results_of(group) - first, 0, kPanelLanes);
  const int64_t stride = groups_.padded_results(), channels = groups_.summed();
  float* dweight = args_.dweight.as<float>() + group * groups_.group_stride + first * groups_.result_stride;
  const float* sums = scratch + group * part_floats() + first;
  for (int64_t k = 0; k < inner_; ++k) {
    float total[kPanelLanes] = {};
    for (int64_t part = 0; part < parts_; ++part)
      for (int64_t lane = 0; lane < lanes; ++lane)
        total[lane] += sums[part * groups_.count * part_floats() + k * stride + lane];
    float* to = dweight + k % channels * groups_.source_stride + k / channels;
    for (int64_t lane = 0; lane < lanes; ++lane) to[lane * groups_.result_stride] += total[lane];
  }
  if (!args_.dbias) return;
  const float* bias_sums = scratch + parts_ * groups_.count * part_floats() + group * stride + first;
  float* dbias = args_.dbias.as<float>() + group * groups_.results + first;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    float total = 0;
    for (int64_t part = 0; part < parts_; ++part) total += bias_sums[part * groups_.count * stride + lane];
    dbias[lane] += total;
  }
}

}  // namespace convoy::cpu
