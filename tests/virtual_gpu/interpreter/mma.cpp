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

constexpr int kM = 16, kN = 8, kLargestK = 32;
constexpr u32 kTf32Bits = 0xffffe000;  // the rest is not read

constexpr bool is_integer(Type t) { return t == Type::S8 || t == Type::U8; }
constexpr int elements_per_register(Type t) { return t == Type::TF32 ? 1 : t == Type::F16 || t == Type::BF16 ? 2 : 4; }
// i.v holds the registers of D, A, B, C, in this order.
struct FragmentSizes {
  int d, a, b;
  constexpr FragmentSizes(int K, Type ab, Type accumulator)
      : d(accumulator == Type::F16 ? 2 : 4), a(K / (2 * elements_per_register(ab))), b(a / 2) {}
};

template <Type T>
inline float element(u32 word, int e) {
  if constexpr (T == Type::F16) return to_float(half_t{static_cast<u16>(word >> 16 * e)});
  if constexpr (T == Type::BF16) return bits_to_float((word >> 16 * e) << 16);
  if constexpr (T == Type::TF32) return bits_to_float(word & kTf32Bits);
  if constexpr (T == Type::E4M3) return decode_f8(static_cast<u8>(word >> 8 * e), kE4M3);
  if constexpr (T == Type::E5M2) return decode_f8(static_cast<u8>(word >> 8 * e), kE5M2);
}
inline i32 integer_element(u32 word, int e, bool is_signed_type) {
  const u8 byte = static_cast<u8>(word >> 8 * e);
  return is_signed_type ? static_cast<i8>(byte) : byte;
}

// A and B from registers; E elements a register, each by `get(word, element)`.
template <int E, class N, class Get>
void unpack_a(Warp& w, const Operand* registers, int count, N (*A)[kLargestK], Get get) {
  for (int r = 0; r < count; ++r) {
    const u32* word = reg<u32>(w, registers[r]);
    for (int l = 0; l < kLanes; ++l)
      for (int e = 0; e < E; ++e) A[(l >> 2) + 8 * (r & 1)][E * (l & 3) + e + 4 * E * (r >> 1)] = get(word[l], e);
  }
}
template <int E, class N, class Get>
void unpack_b(Warp& w, const Operand* registers, int count, N (*B)[kN], Get get) {
  for (int r = 0; r < count; ++r) {
    const u32* word = reg<u32>(w, registers[r]);
    for (int l = 0; l < kLanes; ++l)
      for (int e = 0; e < E; ++e) B[E * (l & 3) + e + 4 * E * r][l >> 2] = get(word[l], e);
  }
}

// ---- accumulators: four f32 registers, or two of two f16 ----
void unpack_c(Warp& w, const Operand* registers, int count, float (*C)[kN]) {
  for (int r = 0; r < count; ++r) {
    const u32* word = reg<u32>(w, registers[r]);
    for (int l = 0; l < kLanes; ++l) {
      const int g = l >> 2, column = 2 * (l & 3);
      if (count == 4) {
        C[g + 8 * (r >> 1)][column + (r & 1)] = bits_to_float(word[l]);
      } else {
        C[g + 8 * r][column] = element<Type::F16>(word[l], 0);
        C[g + 8 * r][column + 1] = element<Type::F16>(word[l], 1);
      }
    }
  }
}
void pack_d(Warp& w, const Operand* registers, int count, float (*C)[kN]) {
  for (int r = 0; r < count; ++r) {
    u32* word = reg<u32>(w, registers[r]);
    for (int l = 0; l < kLanes; ++l) {
      const int g = l >> 2, column = 2 * (l & 3);
      if (count == 4)
        word[l] = float_to_bits(C[g + 8 * (r >> 1)][column + (r & 1)]);
      else
        word[l] = to_half(C[g + 8 * r][column]).b | static_cast<u32>(to_half(C[g + 8 * r][column + 1]).b) << 16;
    }
  }
}

void require_whole_warp(u32 m) {
  if (m != kAllLanes) fault(kLaunchFailure, "mma needs all 32 lanes", first_lane(m));
}

template <Type AB>
void mma(Warp& w, const Inst& i, u32 m) {  // sub: K, ty: type of the accumulator
  require_whole_warp(m);
  constexpr int E = elements_per_register(AB);
  const int K = i.sub;
  const FragmentSizes sizes(K, AB, i.ty);
  alignas(64) float A[kM][kLargestK], B[kLargestK][kN], C[kM][kN];
  unpack_a<E>(w, i.v + sizes.d, sizes.a, A, element<AB>);
  unpack_b<E>(w, i.v + sizes.d + sizes.a, sizes.b, B, element<AB>);
  unpack_c(w, i.v + sizes.d + sizes.a + sizes.b, sizes.d, C);
  for (int row = 0; row < kM; ++row) {
    float sum[kN] = {};
    for (int k = 0; k < K; ++k) {
      const float a = A[row][k];
      for (int n = 0; n < kN; ++n) sum[n] = __builtin_fmaf(a, B[k][n], sum[n]);
    }
    for (int n = 0; n < kN; ++n) C[row][n] += sum[n];
  }
  pack_d(w, i.v, sizes.d, C);
}

void mma_integer(Warp& w, const Inst& i, u32 m) {  // f1, f2: A, B are signed; f3: .satfinite
  require_whole_warp(m);
  constexpr int E = 4;
  const int K = i.sub;
  const FragmentSizes sizes(K, Type::S8, Type::S32);
  i32 A[kM][kLargestK], B[kLargestK][kN];
  unpack_a<E>(w, i.v + sizes.d, sizes.a, A, [&](u32 x, int e) { return integer_element(x, e, i.f1); });
  unpack_b<E>(w, i.v + sizes.d + sizes.a, sizes.b, B, [&](u32 x, int e) { return integer_element(x, e, i.f2); });
  for (int r = 0; r < sizes.d; ++r) {
    u32* d = reg<u32>(w, i.v[r]);
    const u32* c = reg<u32>(w, i.v[sizes.d + sizes.a + sizes.b + r]);
    for (int l = 0; l < kLanes; ++l) {
      const int row = (l >> 2) + 8 * (r >> 1), column = 2 * (l & 3) + (r & 1);
      i64 sum = static_cast<i32>(c[l]);
      for (int k = 0; k < K; ++k) sum += A[row][k] * B[k][column];
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
