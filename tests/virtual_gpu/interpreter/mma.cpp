// mma.sync m16n8kK, row.col, of f16, bf16, tf32, fp8 and 8-bit integers.
//
// Fragments, after "Matrix Fragments for mma.m16n8k*" of the PTX ISA. With g = lane / 4, t = lane % 4 and E elements
// packed in a 32-bit register: element e of A's register r is at row g + 8 (r & 1), column E t + e + 4 E (r >> 1); of
// B's register r at row E t + e + 4 E r, column g; accumulator register r (32 bits) is at row g + 8 (r >> 1), column 2
// t + (r & 1).
//
// Products are exact, sums are in f32 in the order of k, C is added last: the last bits differ from tensor cores.
#include <algorithm>
#include <cstdlib>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

constexpr int kM = 16, kN = 8, kLargestK = 32, kGroups = 8;
constexpr u32 kTf32Bits = 0xffffe000;  // the rest is not read

constexpr bool is_integer(Type t) { return t == Type::S8 || t == Type::U8; }
constexpr int elements_per_register(Type t) { return t == Type::TF32 ? 1 : t == Type::F16 || t == Type::BF16 ? 2 : 4; }
// i.v holds the registers of D, A, B, C, in this order.
struct FragmentSizes {
  int d, a, b;
  constexpr FragmentSizes(int K, Type ab, Type accumulator)
      : d(accumulator == Type::F16 ? 2 : 4), a(K / (2 * elements_per_register(ab))), b(a / 2) {}
};

// The four lanes of a group hold 4 E neighbours along k: of a row of A, of a column of B. widen() makes numbers of
// them.
template <Type T>
void widen(const u32* words, float* to) {
  const __m128i bits = _mm_load_si128(reinterpret_cast<const __m128i*>(words));
  if constexpr (T == Type::F16) {
    _mm256_store_ps(to, _mm256_cvtph_ps(bits));
  } else if constexpr (T == Type::BF16) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  } else if constexpr (T == Type::TF32) {
    _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm_and_si128(bits, _mm_set1_epi32(static_cast<int>(kTf32Bits))));
  } else {
    const F8Format& format = T == Type::E4M3 ? kE4M3 : kE5M2;
    for (int e = 0; e < 16; ++e) to[e] = decode_f8(static_cast<u8>(words[e / 4] >> 8 * (e % 4)), format);
  }
}
void widen_signed(const u32* words, i32* to) {
  for (int e = 0; e < 16; ++e) to[e] = static_cast<i8>(words[e / 4] >> 8 * (e % 4));
}
void widen_unsigned(const u32* words, i32* to) {
  for (int e = 0; e < 16; ++e) to[e] = static_cast<u8>(words[e / 4] >> 8 * (e % 4));
}

template <int E, class N>
void unpack_a(Warp& w, const Operand* registers, int count, N (*A)[kLargestK], void (*widen_group)(const u32*, N*)) {
  for (int r = 0; r < count; ++r) {
    const u32* words = reg<u32>(w, registers[r]);
    for (int g = 0; g < kGroups; ++g) widen_group(words + 4 * g, A[g + 8 * (r & 1)] + 4 * E * (r >> 1));
  }
}
// Transposed: B[n][k].
template <int E, class N>
void unpack_b(Warp& w, const Operand* registers, int count, N (*B)[kLargestK], void (*widen_group)(const u32*, N*)) {
  for (int r = 0; r < count; ++r) {
    const u32* words = reg<u32>(w, registers[r]);
    for (int g = 0; g < kGroups; ++g) widen_group(words + 4 * g, B[g] + 4 * E * r);
  }
}

// ---- accumulators: four f32 registers, of which two interleave to a row, or two of two f16 ----
void unpack_c(Warp& w, const Operand* registers, int count, float (*C)[kN]) {
  for (int half = 0; half < 2; ++half)
    for (int g = 0; g < kGroups; ++g) {
      float* row = C[g + 8 * half];
      if (count == 2) {
        widen<Type::F16>(reg<u32>(w, registers[half]) + 4 * g, row);
        continue;
      }
      const __m128 even = _mm_load_ps(reg<float>(w, registers[2 * half]) + 4 * g);
      const __m128 odd = _mm_load_ps(reg<float>(w, registers[2 * half + 1]) + 4 * g);
      _mm_store_ps(row, _mm_unpacklo_ps(even, odd));
      _mm_store_ps(row + 4, _mm_unpackhi_ps(even, odd));
    }
}
void pack_d(Warp& w, const Operand* registers, int count, const float (*C)[kN]) {
  for (int half = 0; half < 2; ++half)
    for (int g = 0; g < kGroups; ++g) {
      const float* row = C[g + 8 * half];
      if (count == 2) {
        u32* words = reg<u32>(w, registers[half]) + 4 * g;
        for (int t = 0; t < 4; ++t)
          words[t] = to_half(row[2 * t]).b | static_cast<u32>(to_half(row[2 * t + 1]).b) << 16;
        continue;
      }
      const __m128 low = _mm_load_ps(row), high = _mm_load_ps(row + 4);
      _mm_store_ps(reg<float>(w, registers[2 * half]) + 4 * g, _mm_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0)));
      _mm_store_ps(reg<float>(w, registers[2 * half + 1]) + 4 * g, _mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1)));
    }
}

void require_whole_warp(u32 m) {
  if (m != kAllLanes) fault(kLaunchFailure, "mma needs all 32 lanes", first_lane(m));
}

// C += A B. Eight rows at a time: as many independent sums as keep the processor's multipliers busy.
void multiply_add(const float (*A)[kLargestK], const float (*B)[kLargestK], float (*C)[kN], int K) {
  constexpr int kRows = 8;
  alignas(32) float by_k[kLargestK][kN];
  for (int k = 0; k < K; ++k)
    for (int n = 0; n < kN; ++n) by_k[k][n] = B[n][k];
  for (int first = 0; first < kM; first += kRows) {
    __m256 sum[kRows] = {};
    for (int k = 0; k < K; ++k) {
      const __m256 b = _mm256_load_ps(by_k[k]);
      for (int r = 0; r < kRows; ++r) sum[r] = _mm256_fmadd_ps(_mm256_broadcast_ss(&A[first + r][k]), b, sum[r]);
    }
    for (int r = 0; r < kRows; ++r) {
      float* c = C[first + r];
      _mm256_store_ps(c, _mm256_add_ps(_mm256_load_ps(c), sum[r]));
    }
  }
}

template <Type AB>
void mma(Warp& w, const Inst& i, u32 m) {  // sub: K, ty: type of the accumulator
  require_whole_warp(m);
  constexpr int E = elements_per_register(AB);
  const FragmentSizes sizes(i.sub, AB, i.ty);
  alignas(64) float A[kM][kLargestK], B[kN][kLargestK], C[kM][kN];
  unpack_a<E>(w, i.v + sizes.d, sizes.a, A, widen<AB>);
  unpack_b<E>(w, i.v + sizes.d + sizes.a, sizes.b, B, widen<AB>);
  unpack_c(w, i.v + sizes.d + sizes.a + sizes.b, sizes.d, C);
  multiply_add(A, B, C, i.sub);
  pack_d(w, i.v, sizes.d, C);
}

void mma_integer(Warp& w, const Inst& i, u32 m) {  // f1, f2: A, B are signed; f3: .satfinite
  require_whole_warp(m);
  constexpr int E = 4;
  const int K = i.sub;
  const FragmentSizes sizes(K, Type::S8, Type::S32);
  i32 A[kM][kLargestK], B[kN][kLargestK];
  unpack_a<E>(w, i.v + sizes.d, sizes.a, A, i.f1 ? widen_signed : widen_unsigned);
  unpack_b<E>(w, i.v + sizes.d + sizes.a, sizes.b, B, i.f2 ? widen_signed : widen_unsigned);
  for (int r = 0; r < sizes.d; ++r) {
    u32* d = reg<u32>(w, i.v[r]);
    const u32* c = reg<u32>(w, i.v[sizes.d + sizes.a + sizes.b + r]);
    for (int l = 0; l < kLanes; ++l) {
      const int row = (l >> 2) + 8 * (r >> 1), column = 2 * (l & 3) + (r & 1);
      i64 sum = static_cast<i32>(c[l]);
      for (int k = 0; k < K; ++k) sum += A[row][k] * B[column][k];
      if (i.f3) sum = std::clamp<i64>(sum, INT32_MIN, INT32_MAX);
      d[l] = static_cast<u32>(sum);
    }
  }
}

Handler float_handler(Type ab) {
  switch (ab) {
    case Type::F16:
      return mma<Type::F16>;
    case Type::BF16:
      return mma<Type::BF16>;
    case Type::TF32:
      return mma<Type::TF32>;
    case Type::E4M3:
      return mma<Type::E4M3>;
    case Type::E5M2:
      return mma<Type::E5M2>;
    default:
      return nullptr;
  }
}

void check_types(InstDecoder& d, Type dt, Type at, Type bt, Type ct, bool saturate) {
  if (dt != ct) d.bad("accumulator types that differ");
  if (is_integer(at)) {
    if (!is_integer(bt) || dt != Type::S32) d.bad("types");
    return;
  }
  if (at != bt || !float_handler(at)) d.bad("types of A and B");
  if (dt != Type::F32 && !(dt == Type::F16 && at != Type::BF16 && at != Type::TF32)) d.bad("accumulator type");
  if (saturate) d.bad(".satfinite");
}

void decode_mma(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync") || !d.has("aligned")) d.bad("form");
  const std::string shape = d.one_of({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  if (shape.empty()) d.bad("shape");
  if (!d.has("row") || !d.has("col")) d.bad("layout");
  const int K = std::atoi(shape.c_str() + std::strlen("m16n8k"));
  const bool saturate = d.has("satfinite");
  const Type dt = d.type(), at = d.type(), bt = d.type(), ct = d.type();
  check_types(d, dt, at, bt, ct, saturate);
  const FragmentSizes sizes(K, at, dt);
  if (sizes.b < 1 || sizes.a > 4) d.bad("shape for this type");
  std::vector<Operand> registers;
  const int counts[4] = {sizes.d, sizes.a, sizes.b, sizes.d};
  for (int k = 0; k < 4; ++k) {
    const Operand* fragment = d.vec(d.op(k), Type::B32, k == 0, counts[k]);
    registers.insert(registers.end(), fragment, fragment + counts[k]);
  }
  i.v = d.keep(std::move(registers));
  i.sub = static_cast<u8>(K);
  i.ty = dt;
  i.ctl = Control::WarpSync;
  i.aligned = true;
  i.cls = kMma;
  i.flops = 2 * kM * kN * K / kLanes;
  i.f1 = at == Type::S8;
  i.f2 = bt == Type::S8;
  i.f3 = saturate;
  i.fn = is_integer(at) ? mma_integer : float_handler(at);
}

PTX_OP("mma", decode_mma);

}  // namespace
}  // namespace convoy::vgpu
