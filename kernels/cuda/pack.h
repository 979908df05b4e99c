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

// Whole numbers as wide as one access.
template <int kBytes>
struct Word;
template <>
struct Word<16> {
  using type = uint4;
};
template <>
struct Word<8> {
  using type = uint2;
};
template <>
struct Word<4> {
  using type = uint32_t;
};
template <>
struct Word<2> {
  using type = uint16_t;
};

// kCount elements as they lie in memory, moved by one access of 2, 4, 8 or 16 bytes. address: a multiple of that.
//
// Stores to global memory name their width: left to itself the compiler sometimes makes one store for each element.
template <class Real, int kCount>
struct Elements {
  using Access = typename Word<kCount* static_cast<int>(sizeof(Real))>::type;
  union {
    Access word;
    Real element[kCount];
  };
  __device__ Elements() : word() {}  // zeros
  __device__ explicit Elements(const Real* address) : word(*reinterpret_cast<const Access*>(address)) {}
  __device__ void store(Real* address) const { __stwb(reinterpret_cast<Access*>(address), word); }
  __device__ void store_shared(Real* address) const { *reinterpret_cast<Access*>(address) = word; }
  __device__ float get(int i) const { return to_float(element[i]); }
  __device__ void set(int i, float value) { element[i] = from_float<Real>(value); }
};

// Are all addresses (absent ones aside) multiples of 16 bytes?
template <class... Addresses>
bool aligned_16(const Addresses*... addresses) {
  return ((reinterpret_cast<uintptr_t>(addresses) % 16 == 0) && ...);
}

// May rows of C elements that start at these addresses be accessed by whole packs?
template <class Real, class... Addresses>
bool rows_in_packs(int64_t C, const Addresses*... addresses) {
  return C % kPack<Real> == 0 && aligned_16(addresses...);
}

}  // namespace convoy::cuda
