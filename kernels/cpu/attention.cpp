#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "kernels/cpu/first_failure.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/position.h"
#include "kernels/cpu/simd/kernels.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kDecodeQueries = 2;  // from more on, tiles are faster
constexpr int64_t kManyHeads = 32;     // keep all threads busy with whole heads

int64_t padded_D(const AttentionShape& s) { return round_up<int64_t>(s.D, 16); }

void check(const AttentionShape& s) {
  if (s.D < 1 || s.D > kAttentionMaxD)
    throw InternalError(
        fmt::format("attention with D = {}: supported are 1 to {}; use more heads", s.D, kAttentionMaxD));
  if (s.Hkv < 1 || s.H % s.Hkv != 0)
    throw InternalError(
        fmt::format("attention with {} query heads and {} key heads: the first must be a multiple of "
                    "the second",
                    s.H, s.Hkv));
}

// With the keys that there are of a sample.
AttentionForward with_keys(AttentionForward args, int64_t sample) {
  if (args.position) args.shape.Tk = first_position(args.position, sample) + args.shape.Tq;
  return args;
}

bool is_decode(const AttentionForward& args) { return args.shape.Tq <= kDecodeQueries && args.dropout.p == 0; }

void decode(const AttentionForward& args) {
  const AttentionShape& s = args.shape;
  parallel_for(s.B * s.H * s.Tq, [&](int64_t piece) {
    const int64_t head = piece / s.Tq;
    attention_kernels().decode(with_keys(args, head / s.H), head / s.H, head % s.H, piece % s.Tq);
  });
}

// The work of forward, by shape alone: with many heads a piece is several tiles of queries, which see the same keys.
struct ForwardPieces {
  const AttentionShape& shape;
  int64_t queries = shape.B * shape.H >= kManyHeads ? 4 * kAttentionTile : kAttentionTile;
  int64_t runs = ceil_div(shape.Tq, queries);

  int64_t count() const { return shape.B * shape.H * runs; }
  AttentionPiece operator[](int64_t piece) const {
    const int64_t begin = piece % runs * queries, head = piece / runs;
    return {head / shape.H, head % shape.H, begin, std::min(shape.Tq, begin + queries)};
  }
};

void forward_tiles(const AttentionForward& args) {
  const ForwardPieces pieces{args.shape};
  parallel_for(pieces.count(), [&](int64_t piece) {
    attention_kernels().forward(with_keys(args, pieces[piece].sample), pieces[piece],
                                pieces[likely_next(piece, pieces.count())]);
  });
}

// The sums of dk and dv of one piece of backward.
size_t backward_sums_bytes(const AttentionShape& s) {
  return sizeof(float) * static_cast<size_t>(2 * round_up<int64_t>(s.Tk, 16) * padded_D(s));
}

}  // namespace

void attention_forward(Stream& stream, const AttentionForward& args) {
  check(args.shape);
  enqueue(stream, [args] {
    if (is_decode(args))
      decode(args);
    else
      forward_tiles(args);
  });
}

void cache_append(Stream& stream, const CacheAppend& args) {
  enqueue(stream, [args] {
    const auto element = static_cast<int64_t>(size_of(args.dtype));
    const auto row = [element](const Heads& heads, int64_t b, int64_t t) {
      return static_cast<std::byte*>(heads.data) + element * (b * heads.sample_stride + t * heads.token_stride);
    };
    parallel_for(args.B * args.T, [&](int64_t piece) {
      const int64_t b = piece / args.T, t = piece % args.T;
      std::memcpy(row(args.to, b, first_position(args.position, b) + t), row(args.from, b, t),
                  static_cast<size_t>(args.width * element));
    });
  });
}

void attention_backward(Stream& stream, const AttentionBackward& args) {
  check(args.shape);
  enqueue(stream, [args] {
    const AttentionShape& s = args.shape;
    const int64_t pieces = s.B * s.Hkv;
    const auto piece_at = [&](int64_t piece) { return AttentionPiece{piece / s.Hkv, piece % s.Hkv, 0, s.Tq}; };
    FirstFailure failure;
    parallel_for(pieces, [&](int64_t piece) {
      failure.guard([&] {
        auto* sums = reinterpret_cast<float*>(thread_scratch(backward_sums_bytes(s)));
        attention_kernels().backward(args, piece_at(piece), piece_at(likely_next(piece, pieces)), sums);
      });
    });
    failure.rethrow();
  });
}

}  // namespace convoy::cpu
