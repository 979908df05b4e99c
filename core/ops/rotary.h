// Rotary positions, Su et al., arXiv:2104.09864, of the query and key heads that a token begins with, in place. Before
// it, where there are weights, RMS norm of every head (Henry et al., arXiv:2010.04245, as Qwen3 has it).
//
//   n = x,  or  weight * x / sqrt(mean over D of x^2 + eps), with one weight for queries and one for keys
//   pair i of R / 2 is turned by position * frequencies[i]:
//     y[a] = amplitude (cos n[a] - sin n[b]),  y[b] = amplitude (cos n[b] + sin n[a])
//     half: a = i, b = i + R / 2;  interleaved: a = 2 i, b = a + 1.   From R on, y = n.
//
// x (B, T, width): within a token H heads of queries, then Hkv of keys, D elements each; what follows stays as it is.
// Angles are products in f32, as peers have them; sines and cosines are right to 1e-7 up to 10^7.
#pragma once

#include <array>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy {

inline constexpr int64_t kRotaryMaxD = 256;  // on every device

struct RotaryShape {
  int64_t H = 0, Hkv = 0, D = 0;
  int64_t R = 0;  // even, at most D
  bool interleaved = false;
  float amplitude = 1;
  float eps = 1e-6f;                                    // of the norm
  std::array<float, kRotaryMaxD / 2> frequencies = {};  // of R / 2 pairs, in radians a token

  int64_t heads() const { return H + Hkv; }
};

struct RotaryForward {
  RotaryShape shape;
  Tensor x;                         // (B, T, width), changed in place
  Tensor kept;                      // (B, T, (H + Hkv) D): x's heads as they were, written; absent: not wanted
  Tensor query_weight, key_weight;  // (D) or both absent: no norm
  Tensor position;                  // i64 on the device, of the first token, (1) or of each sample (B); absent: 0
  // (B, T) i32: the position of the token with which this one's document begins, from which positions count; absent: 0
  // for all.
  Tensor starts;
};

// Of the same calls without `position`.
struct RotaryBackward {
  RotaryShape shape;
  Tensor dx;                          // (B, T, width): gradient of the result, becomes that of x
  Tensor kept;                        // as forward wrote it; absent: no norm
  Tensor query_weight, key_weight;    // (D) or absent
  Tensor dquery_weight, dkey_weight;  // (D) f32, +=; absent: not wanted
  Tensor starts;
};

}  // namespace convoy
