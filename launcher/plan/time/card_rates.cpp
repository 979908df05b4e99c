#include "launcher/plan/time/card_rates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace convoy {
namespace {

// Of a memory's stated rate, what kernels that stream have of it.
constexpr double kStreamShare = 0.9;
// In a recorded graph, from one kernel's last block to the next one's first, and the time in which a kernel fills and
// empties the card.
constexpr double kKernelSeconds = 2.5e-6;
// A softmax's operations on each score beside its exponential, of which a multiprocessor does 16 a clock.
constexpr double kScoreOperations = 8, kGradientScoreOperations = 12, kExponentials = 16;
// Of mma.sync's rate: forward keeps fragments in registers; backward reads shared memory 1.6 clocks for each clock of
// the tensor cores, which a kernel of five products can come to; how far ours is: docs/time_model.md.
constexpr double kForwardShare = 0.9, kBackwardShare = 1 / 1.6;
// Scores of a diagonal tile are computed on both sides of the mask.
constexpr double kAttentionTile = 64;

struct Tile {
  int64_t m = 0, n = 0;
  double share = 1;  // of the rate that large products have
};
constexpr std::array<Tile, 4> kTiles{{{128, 256, 1.0}, {128, 128, 0.93}, {128, 64, 0.8}, {64, 64, 0.6}}};
// Of what a tile writes at its end, what no other tile's products hide.
constexpr double kExposedWrites = 0.5;
constexpr std::array<int64_t, 5> kSplitsOfK{1, 2, 4, 8, 16};  // of k, summed afterwards

double tiled_time(const CardRates& rates, const ProductWork& p, const Tile& tile, int64_t split) {
  const auto up = [](int64_t size, int64_t of) { return static_cast<double>((size + of - 1) / of); };
  const double tiles = up(p.m, tile.m) * up(p.n, tile.n) * static_cast<double>(split);
  const double waves = std::ceil(tiles / rates.multiprocessors);
  const double flops =
      2.0 * static_cast<double>(tile.m * tile.n) * static_cast<double>(p.k) / static_cast<double>(split);
  const double seconds = waves * flops * rates.multiprocessors / (tile.share * rates.flops(p.dtype));
  const double partial = split > 1 ? 8.0 * static_cast<double>(split) * static_cast<double>(p.m * p.n) : 0;
  return seconds + partial / rates.bytes_per_s;
}

}  // namespace

CardRates rates_of(const Card& card, bool tf32) {
  const double clocks = 1e9 * card.gigahertz * card.multiprocessors;
  CardRates rates{.name = std::string(card.name)};
  rates.peak_bf16_flops = 1e12 * card.bf16_tflops;
  rates.peak_f32_flops = tf32 ? rates.peak_bf16_flops / 2 : 1e12 * card.f32_tflops;
  rates.bf16_flops = card.product_share * rates.peak_bf16_flops;
  rates.f32_flops = card.product_share * rates.peak_f32_flops;
  rates.bytes_per_s = kStreamShare * 1e9 * card.gigabytes_per_s;
  rates.kernel_s = kKernelSeconds;
  rates.multiprocessors = card.multiprocessors;
  rates.mma_flops = card.mma_share * rates.peak_bf16_flops;
  const auto scores = [&](double operations) {
    return 1 / (1 / (kExponentials * clocks) + operations / (card.lanes * clocks));
  };
  rates.scores_forward = scores(kScoreOperations);
  rates.scores_backward = scores(kGradientScoreOperations);
  return rates;
}

double product_time(const CardRates& rates, const ProductWork& product, double bytes, double written) {
  double best = std::numeric_limits<double>::infinity();
  if (rates.multiprocessors <= 1) best = product.flops() / rates.flops(product.dtype);
  for (const Tile& tile : kTiles)
    for (const int64_t split : kSplitsOfK)
      if (rates.multiprocessors > 1 && (split == 1 || product.k / split >= 256))
        best = std::min(best, tiled_time(rates, product, tile, split));
  const double exposed = rates.measured ? 0 : kExposedWrites * written / rates.bytes_per_s;
  return std::max(best + exposed, bytes / rates.bytes_per_s) + rates.kernel_s;
}

double attention_time(const CardRates& rates, const AttentionWork& attention, double bytes) {
  const double scores_s = attention.scores / (attention.backward ? rates.scores_backward : rates.scores_forward);
  if (rates.measured) return std::max(scores_s, bytes / rates.bytes_per_s) + rates.kernel_s;
  const double masked = 1 + kAttentionTile / static_cast<double>(std::max<int64_t>(attention.Tk, 1));
  const double mma = attention.dtype == DType::bf16 ? rates.mma_flops : rates.f32_flops;
  const double share = attention.backward ? kBackwardShare : kForwardShare;
  const double seconds = masked * (attention.flops() / (share * mma) + scores_s);
  return std::max(seconds, bytes / rates.bytes_per_s) + rates.kernel_s;
}

double stream_time(const CardRates& rates, double bytes) { return bytes / rates.bytes_per_s + rates.kernel_s; }

}  // namespace convoy
