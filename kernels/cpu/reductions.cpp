#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {
void sum(Stream& stream, const Sum& args) {
  enqueue(stream, [args] {
    constexpr int64_t kMaxParts = 64, kSumBlock = 1024;
    const int64_t n = args.x.elements(), part = std::max(kPieceElements, ceil_div(n, kMaxParts));
    double parts[kMaxParts] = {};
    parallel_for(ceil_div(n, part), [&](int64_t piece) {
      // Blocks in f32, their sum in f64: the error stays that of one block, however long x is.
      for (int64_t i = piece * part; i < std::min(n, (piece + 1) * part); i += kSumBlock)
        parts[piece] += static_cast<double>(
            range_kernels().sum(args.x.as<float>() + i, std::min({n - i, (piece + 1) * part - i, kSumBlock})));
    });
    double total = 0;
    for (const double value : parts) total += value;
    const auto scaled = static_cast<float>(total * static_cast<double>(args.scale));
    float* sum = args.sum.as<float>();
    *sum = args.accumulate ? *sum + scaled : scaled;
  });
}

void column_sums(Stream& stream, const ColumnSums& args) {
  enqueue(stream, [args] {
    constexpr int64_t kColumns = 64;
    const int64_t C = args.x.shape[-1];
    parallel_for(ceil_div(C, kColumns), [&](int64_t piece) {
      range_kernels().column_sums(args, piece * kColumns, std::min(C, (piece + 1) * kColumns));
    });
  });
}

void sum_squares(Stream& stream, const SumSquares& args) {
  enqueue(stream, [args] {
    const int64_t n = args.x.elements();
    parallel_for(ceil_div(n, kSumSquaresBlock), [&](int64_t block) {
      const int64_t begin = block * kSumSquaresBlock;
      args.partials.as<float>()[block] =
          range_kernels().sum_squares(args.x.as<float>() + begin, std::min(kSumSquaresBlock, n - begin));
    });
  });
}

void clip_factor(Stream& stream, const ClipFactor& args) {
  enqueue(stream, [args] {
    double squares = 0;
    const float* partials = args.partials.as<float>();
    for (int64_t i = 0; i < args.partials.elements(); ++i) squares += static_cast<double>(partials[i]);
    const float r = args.weight ? args.nominal_weight / *args.weight.as<float>() : 1.0f;
    const auto norm = r * static_cast<float>(std::sqrt(squares));
    float factor = r;
    if (!std::isfinite(norm))
      factor = std::numeric_limits<float>::quiet_NaN();
    else if (args.max_norm > 0 && norm > args.max_norm)
      factor = r * (args.max_norm / norm);
    args.norm_and_factor.as<float>()[0] = norm;
    args.norm_and_factor.as<float>()[1] = factor;
  });
}

void add(Stream& stream, const Add& args) {
  enqueue(stream, [args] {
    for_ranges(args.y.elements(), [&](int64_t begin, int64_t end) { range_kernels().add(args, begin, end); });
  });
}

void tree_sum(Stream& stream, const TreeSum& args) {
  enqueue(stream, [args] {
    for_ranges(args.y.elements(), [&](int64_t begin, int64_t end) { range_kernels().tree_sum(args, begin, end); });
  });
}

void cast(Stream& stream, const Cast& args) {
  enqueue(stream, [args] {
    for_ranges(args.y.elements(), [&](int64_t begin, int64_t end) { range_kernels().cast(args, begin, end); });
  });
}

void fill(Stream& stream, const Fill& args) {
  enqueue(stream, [args] { std::fill_n(args.x.as<float>(), args.x.elements(), args.value); });
}

}  // namespace convoy::cpu
