// The kernels of attention, one function per way and direction. Which way a call goes: attention.cpp.
//
//   tensor_core   bf16, D = 64 or 128, every address a multiple of 16 bytes; backward without prefixes; not both dropout
//                 and a window, documents or prefixes
//   plain         f32 and bf16, any D up to kAttentionMaxD, any alignment
//   decode        a few queries over many keys, without dropout or prefixes
#pragma once

#include <algorithm>
#include <initializer_list>
#include <type_traits>

#include "core/ops/attention.h"
#include "kernels/cuda/launch.h"

namespace convoy::cuda {

void enqueue_forward_tensor_core(Stream& stream, const AttentionForward& args);
void enqueue_forward_plain(Stream& stream, const AttentionForward& args);
void enqueue_decode(Stream& stream, const AttentionForward& args, const Tensor& scratch);
size_t decode_scratch_bytes(const AttentionShape& shape);

struct BackwardScratch;  // dq_turns.h
// dq, dk and dv, in two launches. memory: of backward_tensor_core_scratch_bytes, aligned to 16 bytes.
void enqueue_backward_tensor_core(Stream& stream, const AttentionBackward& args, const Tensor& memory);
size_t backward_tensor_core_scratch_bytes(const AttentionShape& shape);
// The first of them: delta (B, H, Tq) f32, sums of dy * y, and zeros for what the second counts with.
void enqueue_row_dots(Stream& stream, const AttentionBackward& args, const BackwardScratch& scratch);
// dq, and delta. Then dk and dv, which need it.
void enqueue_backward_queries_plain(Stream& stream, const AttentionBackward& args, float* delta);
void enqueue_backward_keys_plain(Stream& stream, const AttentionBackward& args, const float* delta);

// Is a key hidden from a query though it comes before it?
inline bool is_banded(const AttentionShape& shape, const Tensor& starts) { return shape.window > 0 || bool(starts); }

// body(integral constants: D, is there dropout, is it banded) of what the tensor-core kernels are instances of: there
// is none with dropout that is banded.
template <class Body>
void for_tensor_core_instance(const AttentionShape& shape, const Dropout& dropout, const Tensor& starts,
                              const Body& body) {
  const auto with_size = [&](auto size) {
    if (is_banded(shape, starts))
      body(size, std::false_type{}, std::true_type{});
    else if (dropout.p > 0)
      body(size, std::true_type{}, std::false_type{});
    else
      body(size, std::false_type{}, std::false_type{});
  };
  if (shape.D == 64)
    with_size(std::integral_constant<int, 64>{});
  else
    with_size(std::integral_constant<int, 128>{});
}

// Can all rows be read 16 bytes at a time, as far as addresses go?
inline bool in_packs(const Heads& heads, DType dtype) {
  const auto pack = 16 / static_cast<int64_t>(size_of(dtype));
  return reinterpret_cast<uintptr_t>(heads.data) % 16 == 0 && heads.token_stride % pack == 0 &&
         heads.sample_stride % pack == 0;
}
inline bool in_packs(std::initializer_list<Heads> operands, DType dtype) {
  return std::all_of(operands.begin(), operands.end(), [&](const Heads& heads) { return in_packs(heads, dtype); });
}

}  // namespace convoy::cuda
