// Sixteen floats or 32-bit integers in one AVX-512 register. The interface is the same as in vector_avx2.h.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

inline constexpr int kLanes = 16;
inline constexpr int kMaxProductColumns = 4;  // vectors of a product's register block, see attention_product_kernel.h

struct F32x16 {
  __m512 v;
};
struct I32x16 {
  __m512i v;
};
struct Mask16 {
  __mmask16 v;
};

inline F32x16 broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline I32x16 broadcast(int32_t x) { return {_mm512_set1_epi32(x)}; }
inline F32x16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline I32x16 load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline void store(float* p, F32x16 a) { _mm512_storeu_ps(p, a.v); }
inline void store(int32_t* p, I32x16 a) { _mm512_storeu_si512(p, a.v); }
inline F32x16 load_first(const float* p, int count) {
  return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p)};
}
inline void store_first(float* p, F32x16 a, int count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), a.v);
}
// 128-bit part L of the result is read from p[L * stride].
inline F32x16 load_quarters(const float* p, int64_t stride) {
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + stride), 1);
  const __m256 high =
      _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p + 2 * stride)), _mm_loadu_ps(p + 3 * stride), 1);
  return {_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1)};
}

inline F32x16 operator+(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F32x16 operator-(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F32x16 operator*(F32x16 a, F32x16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F32x16 operator/(F32x16 a, F32x16 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F32x16 fma(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F32x16 fma_negated(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }  // c - a b
inline F32x16 sqrt(F32x16 a) { return {_mm512_sqrt_ps(a.v)}; }
inline F32x16 round(F32x16 a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// The second operand where either is a NaN.
inline F32x16 min(F32x16 a, F32x16 b) { return {_mm512_min_ps(a.v, b.v)}; }
inline F32x16 max(F32x16 a, F32x16 b) { return {_mm512_max_ps(a.v, b.v)}; }

inline I32x16 operator+(I32x16 a, I32x16 b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline I32x16 operator-(I32x16 a, I32x16 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
inline I32x16 operator&(I32x16 a, I32x16 b) { return {_mm512_and_si512(a.v, b.v)}; }
inline I32x16 operator|(I32x16 a, I32x16 b) { return {_mm512_or_si512(a.v, b.v)}; }
inline I32x16 operator^(I32x16 a, I32x16 b) { return {_mm512_xor_si512(a.v, b.v)}; }
template <int kBits>
inline I32x16 shift_left(I32x16 a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
template <int kBits>
inline I32x16 shift_right(I32x16 a) {  // zeros come in
  return {_mm512_srli_epi32(a.v, kBits)};
}
// Upper and lower words of the 64-bit products of unsigned words with one constant.
inline void multiply_wide(I32x16 a, uint32_t b, I32x16& high, I32x16& low) {
  const __m512i factor = _mm512_set1_epi64(b);
  const __m512i even = _mm512_mul_epu32(a.v, factor);
  const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), factor);
  high = {_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd)};
  low = {_mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32))};
}

inline I32x16 to_int(F32x16 a) { return {_mm512_cvtps_epi32(a.v)}; }
inline F32x16 to_float(I32x16 a) { return {_mm512_cvtepi32_ps(a.v)}; }
inline I32x16 bits_of(F32x16 a) { return {_mm512_castps_si512(a.v)}; }
inline F32x16 from_bits(I32x16 a) { return {_mm512_castsi512_ps(a.v)}; }
inline I32x16 widen(const uint8_t* p) {
  return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
inline I32x16 widen(const uint16_t* p) {
  return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
inline void store_narrow(uint16_t* p, I32x16 a) {  // words below 2^16
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a.v));
}
inline void store_narrow(uint8_t* p, I32x16 a) {  // words below 2^8
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v));
}

inline Mask16 first_lanes(int count) { return {static_cast<__mmask16>((1u << count) - 1)}; }
inline Mask16 operator<(F32x16 a, F32x16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
inline Mask16 operator<(I32x16 a, I32x16 b) { return {_mm512_cmplt_epi32_mask(a.v, b.v)}; }
inline Mask16 operator==(I32x16 a, I32x16 b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
// a > b, or one of them is a NaN.
inline Mask16 not_at_most(F32x16 a, F32x16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLE_UQ)}; }
inline Mask16 is_number(F32x16 a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_ORD_Q)}; }
inline Mask16 operator&(Mask16 a, Mask16 b) { return {static_cast<__mmask16>(a.v & b.v)}; }
inline Mask16 is_nan(F32x16 a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
inline int count_true(Mask16 a) { return std::popcount(static_cast<uint32_t>(a.v)); }
inline F32x16 select(Mask16 mask, F32x16 yes, F32x16 no) { return {_mm512_mask_blend_ps(mask.v, no.v, yes.v)}; }
inline I32x16 select(Mask16 mask, I32x16 yes, I32x16 no) { return {_mm512_mask_blend_epi32(mask.v, no.v, yes.v)}; }

// Transposes the 4 x 4 block that the four vectors hold in each 128-bit part.
inline void transpose_quarters(F32x16 r[4]) {
  const __m512 a = _mm512_unpacklo_ps(r[0].v, r[1].v), b = _mm512_unpackhi_ps(r[0].v, r[1].v);
  const __m512 c = _mm512_unpacklo_ps(r[2].v, r[3].v), d = _mm512_unpackhi_ps(r[2].v, r[3].v);
  r[0] = {_mm512_shuffle_ps(a, c, 0x44)};
  r[1] = {_mm512_shuffle_ps(a, c, 0xee)};
  r[2] = {_mm512_shuffle_ps(b, d, 0x44)};
  r[3] = {_mm512_shuffle_ps(b, d, 0xee)};
}

// Neighbouring lanes, the first of which is even, change places.
inline F32x16 swap_pairs(F32x16 a) { return {_mm512_permute_ps(a.v, 0xb1)}; }

inline __m256 lower_half(F32x16 a) { return _mm512_castps512_ps256(a.v); }
inline __m256 upper_half(F32x16 a) { return _mm512_extractf32x8_ps(a.v, 1); }

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
