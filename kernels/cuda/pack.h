// 16 bytes of elements, moved by one instruction and computed with as floats.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <cstdint>

namespace convoy::cuda {

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
template <class Real>
__device__ inline Real from_float(float x);
template <>
__device__ inline float from_float<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

template <class Real>
inline constexpr int kPack = 16 / static_cast<int>(sizeof(Real));  // elements in 16 bytes

template <class Real>
struct alignas(16) Pack {
  Real element[kPack<Real>];
  __device__ float get(int i) const { return to_float(element[i]); }
  __device__ void set(int i, float value) { element[i] = from_float<Real>(value); }
};

// address: a multiple of 16 bytes.
template <class Real>
__device__ inline Pack<Real> load_pack(const Real* address) {
  union {
    uint4 words;
    Pack<Real> pack;
  } u;
  u.words = *reinterpret_cast<const uint4*>(address);
  return u.pack;
}
template <class Real>
__device__ inline void store_pack(Real* address, const Pack<Real>& pack) {
  union {
    uint4 words;
    Pack<Real> pack;
  } u;
  u.pack = pack;
  *reinterpret_cast<uint4*>(address) = u.words;
}

}  // namespace convoy::cuda
