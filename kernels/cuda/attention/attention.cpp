// Which kernels an attention call gets, see attention_kernels.h.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>

#include "core/base/error.h"
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

constexpr int64_t kDecodeQueries = 2;  // from more on, tiles are faster
constexpr int64_t kMostTokens = int64_t{1} << 30, kMostBlocks = std::numeric_limits<int32_t>::max();

void check(const AttentionShape& s) {
  if (s.D < 1 || s.D > kAttentionMaxD)
    throw InternalError(
        fmt::format("attention with D = {}: supported are 1 to {}; use more heads", s.D, kAttentionMaxD));
  if (s.Hkv < 1 || s.H % s.Hkv != 0)
    throw InternalError(fmt::format(
        "attention with {} query heads and {} key heads: the first must be a multiple of the second", s.H, s.Hkv));
  if (s.Tq > kMostTokens || s.Tk > kMostTokens)
    throw InternalError(
        fmt::format("attention of {} queries and {} keys: {} are the most of each", s.Tq, s.Tk, kMostTokens));
  const int64_t heads = s.B * s.H, longest = std::max({s.Tq, s.Tk, int64_t{1}});
  if (heads > kMostBlocks / longest)
    throw InternalError(
        fmt::format("attention of {} heads of {} tokens: a launch takes {} of their product; use a "
                    "smaller batch.micro",
                    heads, longest, kMostBlocks));
}

void check_scratch(const Tensor& scratch, size_t bytes) {
  if (bytes > 0 && scratch.bytes() < bytes)
    throw InternalError(
        fmt::format("attention needs {} bytes of scratch and has {}; ask scratch_bytes()", bytes, scratch.bytes()));
}

// A positive scale, since on tensor cores the largest score is found before it is scaled.
template <class Args>
bool fits_tensor_cores(const Args& args, std::initializer_list<Heads> operands) {
  const AttentionShape& s = args.shape;
  if (args.dropout.p > 0 && (is_banded(s, args.starts) || args.prefix_ends)) return false;
  return s.dtype == DType::bf16 && (s.D == 64 || s.D == 128) && s.scale > 0 && in_packs(operands, s.dtype);
}

// Without keys there is no block of theirs to write dq; of prefixes there is no mask.
bool backward_fits_tensor_cores(const AttentionBackward& args) {
  return args.shape.Tk > 0 && !args.prefix_ends &&
         fits_tensor_cores(args, {args.dq, args.dk, args.dv, args.dy, args.y, args.q, args.k, args.v});
}

bool is_decode(const AttentionForward& args) {
  return args.shape.Tq <= kDecodeQueries && args.dropout.p == 0 && !args.prefix_ends;
}

}  // namespace

void attention_forward(Stream& stream, const AttentionForward& args, const Tensor& scratch) {
  check(args.shape);
  if (is_decode(args)) {
    check_scratch(scratch, attention_forward_scratch_bytes(args));
    enqueue_decode(stream, args, scratch);
  } else if (fits_tensor_cores(args, {args.y, args.q, args.k, args.v})) {
    enqueue_forward_tensor_core(stream, args);
  } else {
    enqueue_forward_plain(stream, args);
  }
}

void attention_backward(Stream& stream, const AttentionBackward& args, const Tensor& scratch) {
  check(args.shape);
  check_scratch(scratch, attention_backward_scratch_bytes(args));
  if (backward_fits_tensor_cores(args)) {
    enqueue_backward_tensor_core(stream, args, scratch);
  } else {
    float* delta = data_of<float>(scratch);
    enqueue_backward_queries_plain(stream, args, delta);
    enqueue_backward_keys_plain(stream, args, delta);
  }
}

size_t attention_backward_scratch_bytes(const AttentionBackward& args) {
  const AttentionShape& s = args.shape;
  if (backward_fits_tensor_cores(args)) return backward_tensor_core_scratch_bytes(s);
  return static_cast<size_t>(s.B * s.H * s.Tq) * sizeof(float);
}

size_t attention_forward_scratch_bytes(const AttentionForward& args) {
  return args.shape.Tq <= kDecodeQueries ? decode_scratch_bytes(args.shape) : 0;
}

}  // namespace convoy::cuda
