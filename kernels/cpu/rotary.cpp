// Rotary positions: tokens in pieces, the norms' weight gradients summed chunk by chunk.
#include "core/ops/rotary.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kMostTokenChunks = 64;  // whose weight gradients are summed apart

void check(const RotaryShape& s, const Tensor& x) {
  if (s.D < 1 || s.D > kRotaryMaxD || s.R < 0 || s.R > s.D || s.R % 2 != 0 || s.heads() * s.D > x.shape[2])
    throw InternalError(
        fmt::format("rotary positions of {} of {} elements of a head, {} heads of rows of {}: an even "
                    "number, at most {} and a head's, is supported",
                    s.R, s.D, s.heads(), x.shape[2], kRotaryMaxD));
}

int64_t tokens_of(const Tensor& x) { return x.shape[0] * x.shape[1]; }

struct TokenChunks {
  int64_t tokens, rows, count;

  explicit TokenChunks(const RotaryBackward& args)
      : tokens(tokens_of(args.dx)),
        rows(std::max({int64_t{1}, kPieceElements / std::max<int64_t>(1, args.shape.heads() * args.shape.D),
                       ceil_div(tokens, kMostTokenChunks)})),
        count(ceil_div(tokens, rows)) {}
};

void add_sums(const Tensor& gradient, const float* sums, int64_t stride, int64_t chunks) {
  if (!gradient) return;
  auto* to = gradient.as<float>();
  for (int64_t chunk = 0; chunk < chunks; ++chunk)
    for (int64_t d = 0; d < gradient.elements(); ++d) to[d] += sums[chunk * stride + d];
}

}  // namespace

void rotary_forward(Stream& stream, const RotaryForward& args) {
  check(args.shape, args.x);
  enqueue(stream, [args] {
    for_rows(tokens_of(args.x), args.shape.heads() * args.shape.D,
             [&](int64_t begin, int64_t end) { elementwise_kernels().rotary_forward(args, begin, end); });
  });
}

void rotary_backward(Stream& stream, const RotaryBackward& args, const Tensor& scratch) {
  check(args.shape, args.dx);
  enqueue(stream, [args, scratch] {
    const TokenChunks chunks(args);
    const int64_t D = args.shape.D;
    float* sums = args.kept ? scratch.as<float>() : nullptr;
    parallel_for(chunks.count, [&](int64_t chunk) {
      elementwise_kernels().rotary_backward(args, chunk * chunks.rows,
                                            std::min(chunks.tokens, (chunk + 1) * chunks.rows),
                                            sums == nullptr ? nullptr : sums + chunk * 2 * D);
    });
    if (sums == nullptr) return;
    add_sums(args.dquery_weight, sums, 2 * D, chunks.count);
    add_sums(args.dkey_weight, sums + D, 2 * D, chunks.count);
  });
}

size_t rotary_backward_scratch_bytes(const RotaryBackward& args) {
  return args.query_weight ? static_cast<size_t>(TokenChunks(args).count * 2 * args.shape.D) * sizeof(float) : 0;
}

}  // namespace convoy::cpu
