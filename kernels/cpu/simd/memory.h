// Loads and stores of f32 and bf16, and loads of bytes, as sixteen f32 lanes, and the loop over a row in such pieces.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// How many lanes of a vector exist: all, or the first `count` at the end of a row. Loads fill the others with zero.
struct Full {};
struct Part {
  int count;
};

inline F32x16 load(const float* p, Full) { return load(p); }
inline F32x16 load(const float* p, Part part) { return load_first(p, part.count); }
inline void store(float* p, F32x16 a, Full) { store(p, a); }
inline void store(float* p, F32x16 a, Part part) { store_first(p, a, part.count); }

inline F32x16 load(const bf16* p) { return from_bits(shift_left<16>(widen(reinterpret_cast<const uint16_t*>(p)))); }
inline F32x16 load(const bf16* p, Full) { return load(p); }
inline F32x16 load(const bf16* p, Part part) {
  alignas(32) uint16_t words[kLanes] = {};
  std::memcpy(words, p, static_cast<size_t>(part.count) * sizeof(bf16));
  return from_bits(shift_left<16>(widen(words)));
}

inline F32x16 load(const uint8_t* p, Full) { return to_float(widen(p)); }
inline F32x16 load(const uint8_t* p, Part part) {
  uint8_t bytes[kLanes] = {};
  std::memcpy(bytes, p, static_cast<size_t>(part.count));
  return to_float(widen(bytes));
}

// To nearest even, and a NaN stays a NaN: the bits of core/base/bf16.h. The processor's own conversion would flush
// subnormal numbers to zero.
inline I32x16 bf16_bits(F32x16 a) {
  const I32x16 word = bits_of(a), upper = shift_right<16>(word);
  const I32x16 rounded = shift_right<16>(word + broadcast(0x7fff) + (upper & broadcast(1)));
  return select(is_nan(a), upper | broadcast(0x40), rounded);
}
inline void store(bf16* p, F32x16 a) { store_narrow(reinterpret_cast<uint16_t*>(p), bf16_bits(a)); }
inline void store(bf16* p, F32x16 a, Full) { store(p, a); }
inline void store(bf16* p, F32x16 a, Part part) {
  alignas(32) uint16_t words[kLanes];
  store_narrow(words, bf16_bits(a));
  std::memcpy(p, words, static_cast<size_t>(part.count) * sizeof(bf16));
}

// The value that a store of Real and a load after it would give.
template <class Real>
inline F32x16 rounded_to(F32x16 a) {
  if constexpr (sizeof(Real) == sizeof(bf16)) return from_bits(shift_left<16>(bf16_bits(a)));
  return a;
}

// `fill` in the lanes that do not exist.
inline F32x16 existing(F32x16 a, Full, float) { return a; }
inline F32x16 existing(F32x16 a, Part part, float fill) { return select(first_lanes(part.count), a, broadcast(fill)); }

// body(i, Full or Part) for the vectors that start at i = 0, 16, ... of a row of n elements.
template <class Body>
inline void for_vectors(int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, Full{});
  if (i < n) body(i, Part{static_cast<int>(n - i)});
}

// Calls body with a null pointer of the element type, so that one kernel serves both.
template <class Body>
inline void with_real(DType dtype, const Body& body) {
  if (dtype == DType::bf16)
    body(static_cast<bf16*>(nullptr));
  else
    body(static_cast<float*>(nullptr));
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
