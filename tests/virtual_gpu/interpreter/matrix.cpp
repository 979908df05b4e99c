// matrix.cpp - tensor core instructions: mma.sync, ldmatrix, stmatrix, movmatrix.
//
// Fragment layouts follow the PTX ISA ("Matrix Fragments for mma.m16n8k*"). With g = lane / 4 and t = lane % 4, and E
// elements packed in one 32-bit register, register r of A holds row g + 8*(r&1) and columns E*t.. + 4*E*(r>>1);
// register r of B holds rows E*t.. + 4*E*r of column g; accumulator register r holds row g + 8*(r>>1), column 2*t +
// (r&1).
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
void count_shared(Warp& w, u32 m, const u32* off, u32 bytes);
namespace {
float unpack_elem(u32 word, Type t, int e) {
  switch (t) {
    case Type::F16:
      return to_float(half_t{(u16)(word >> 16 * e)});
    case Type::BF16:
      return bits_to_float((word >> 16 * e) << 16);
    case Type::TF32:
      return bits_to_float(word & 0xffffe000);  // the low 13 bits are not read
    case Type::E4M3:
    case Type::E5M2: {
      bool e5 = t == Type::E5M2;
      u8 b = word >> 8 * e;
      int mant = e5 ? 2 : 3, bias = e5 ? 15 : 7, ex = (b & 0x7f) >> mant, f = b & ((1 << mant) - 1);
      float s = b & 0x80 ? -1.f : 1.f;
      if (e5 && ex == 31) return f ? NAN : s * INFINITY;
      if (!e5 && (b & 0x7f) == 0x7f) return NAN;
      return ex ? s * std::ldexp((float)((1 << mant) + f), ex - bias - mant)
                : s * std::ldexp((float)f, 1 - bias - mant);
    }
    default:
      return 0;
  }
}
int elems_per_reg(Type t) { return t == Type::TF32 ? 1 : t == Type::F16 || t == Type::BF16 ? 2 : 4; }

// m16n8kK, row.col; i.v = d[], a[], b[], c[] registers in that order; imm = K
template <Type AT>
void unpack_a_b(Warp& w, const Inst& i, int K, int na, int nb, int nd, float (*A)[32], float (*B)[8]) {
  constexpr int E = AT == Type::TF32 ? 1 : AT == Type::F16 || AT == Type::BF16 ? 2 : 4;
  (void)K;
  for (int r = 0; r < na; ++r) {
    const u32* a = reg<u32>(w, i.v[nd + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < E; ++e)
        A[(l >> 2) + 8 * (r & 1)][E * (l & 3) + e + 4 * E * (r >> 1)] = unpack_elem(a[l], AT, e);
  }
  for (int r = 0; r < nb; ++r) {
    const u32* b = reg<u32>(w, i.v[nd + na + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < E; ++e) B[E * (l & 3) + e + 4 * E * r][l >> 2] = unpack_elem(b[l], AT, e);
  }
}
template <Type AT>
void mma(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "mma needs all 32 lanes");
  constexpr int E = AT == Type::TF32 ? 1 : AT == Type::F16 || AT == Type::BF16 ? 2 : 4;
  int K = (int)i.sub, na = K / (4 * E) * 2, nb = K / (4 * E), nd = i.ty == Type::F32 ? 4 : 2;
  alignas(64) float A[16][32], B[32][8], C[16][8];
  unpack_a_b<AT>(w, i, K, na, nb, nd, A, B);
  const Operand* cr = i.v + nd + na + nb;
  if (nd == 4)
    for (int r = 0; r < 4; ++r) {
      const float* c = reg<float>(w, cr[r]);
      for (int l = 0; l < 32; ++l) C[(l >> 2) + 8 * (r >> 1)][2 * (l & 3) + (r & 1)] = c[l];
    }
  else
    for (int r = 0; r < 2; ++r) {
      const u32* c = reg<u32>(w, cr[r]);
      for (int l = 0; l < 32; ++l)
        for (int e = 0; e < 2; ++e) C[(l >> 2) + 8 * r][2 * (l & 3) + e] = to_float(half_t{(u16)(c[l] >> 16 * e)});
    }
  for (int row = 0; row < 16; ++row) {
    float acc[8] = {};
    for (int k = 0; k < K; ++k) {
      float a = A[row][k];
      for (int n = 0; n < 8; ++n) acc[n] = __builtin_fmaf(a, B[k][n], acc[n]);
    }
    for (int n = 0; n < 8; ++n) C[row][n] += acc[n];
  }
  if (nd == 4)
    for (int r = 0; r < 4; ++r) {
      float* d = reg<float>(w, i.v[r]);
      for (int l = 0; l < 32; ++l) d[l] = C[(l >> 2) + 8 * (r >> 1)][2 * (l & 3) + (r & 1)];
    }
  else
    for (int r = 0; r < 2; ++r) {
      u32* d = reg<u32>(w, i.v[r]);
      for (int l = 0; l < 32; ++l)
        d[l] = to_half(C[(l >> 2) + 8 * r][2 * (l & 3)]).b | (u32)to_half(C[(l >> 2) + 8 * r][2 * (l & 3) + 1]).b << 16;
    }
}
void mma_int(Warp& w, const Inst& i, u32 m) {  // s8/u8, m16n8k16 and m16n8k32
  if (m != ~0u) fault(719, "mma needs all 32 lanes");
  int K = i.sub, na = K / 8, nb = K / 16;
  static thread_local i32 A[16][32], B[32][8];
  auto el = [](u32 x, int e, bool s) {
    u8 b = x >> 8 * e;
    return s ? (i32)(i8)b : (i32)b;
  };
  for (int r = 0; r < na; ++r) {
    const u32* a = reg<u32>(w, i.v[4 + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < 4; ++e) A[(l >> 2) + 8 * (r & 1)][4 * (l & 3) + e + 16 * (r >> 1)] = el(a[l], e, i.f1);
  }
  for (int r = 0; r < nb; ++r) {
    const u32* b = reg<u32>(w, i.v[4 + na + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < 4; ++e) B[4 * (l & 3) + e + 16 * r][l >> 2] = el(b[l], e, i.f2);
  }
  for (int r = 0; r < 4; ++r) {
    u32* d = reg<u32>(w, i.v[r]);
    const u32* c = reg<u32>(w, i.v[4 + na + nb + r]);
    for (int l = 0; l < 32; ++l) {
      int row = (l >> 2) + 8 * (r >> 1), col = 2 * (l & 3) + (r & 1);
      i64 s = (i32)c[l];
      for (int k = 0; k < K; ++k) s += A[row][k] * B[k][col];
      if (i.f3) s = std::min<i64>(std::max<i64>(s, INT32_MIN), INT32_MAX);
      d[l] = (u32)s;
    }
  }
}
void decode_mma(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync") || !d.has("aligned")) d.bad("mma form");
  std::string shape = d.one_of({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  if (shape.empty()) d.bad("shape");
  if (!d.has("row") || !d.has("col")) d.bad("layout");
  i.sub = (u8)atoi(shape.c_str() + 6);
  bool satf = d.has("satfinite");
  Type dt = d.type(), at = d.type(), bt = d.type(), ct = d.type();
  i.ty = dt;
  if (dt != ct) d.bad("accumulator types differ");
  bool is_int = at == Type::U8 || at == Type::S8;
  int E = is_int ? 4 : elems_per_reg(at), nd = dt == Type::F16 ? 2 : 4, na = i.sub / (4 * E) * 2, nb = i.sub / (4 * E);
  if (!nb || na > 4) d.bad("shape for this type");
  if (!is_int && at != bt) d.bad("A and B types differ");
  std::vector<Operand> all;
  const int count[4] = {nd, na, nb, nd};
  for (int k = 0; k < 4; ++k) {
    const Operand* v = d.vec(d.r.ops.at(k), Type::B32, k == 0, count[k]);
    all.insert(all.end(), v, v + count[k]);
  }
  i.v = d.keep(std::move(all));
  i.ctl = Control::WarpSync;
  i.aligned = true;
  i.cls = kMma;
  i.flops = 2 * 16 * 8 * i.sub / 32;
  if (is_int) {
    if (dt != Type::S32) d.bad("types");
    i.f1 = at == Type::S8;
    i.f2 = bt == Type::S8;
    i.f3 = satf;
    i.fn = mma_int;
    return;
  }
  if (dt != Type::F32 && dt != Type::F16) d.bad("accumulator type");
  if (satf) d.bad(".satfinite");
  switch (at) {
    case Type::F16:
      i.fn = mma<Type::F16>;
      break;
    case Type::BF16:
      i.fn = mma<Type::BF16>;
      break;
    case Type::TF32:
      i.fn = mma<Type::TF32>;
      break;
    case Type::E4M3:
      i.fn = mma<Type::E4M3>;
      break;
    case Type::E5M2:
      i.fn = mma<Type::E5M2>;
      break;
    default:
      d.bad("types");
  }
}

// ldmatrix: lane 8*k + r supplies the address of row r of matrix k; lane l receives elements (l/4, 2*(l%4)..+1),
// transposed with .trans
u32 matrix_address(Warp& w, const Inst& i, int l) {
  return (i.wide == 8 ? (u32)(reg<u64>(w, i.a)[l] & ~kWinMask) : reg<u32>(w, i.a)[l]) + (u32)i.imm;
}
void ldmatrix(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "ldmatrix needs all 32 lanes");
  u16 rows[32][8];
  u32 off[32];
  int n = 8 * i.vec;
  for (int l = 0; l < n; ++l) {
    off[l] = matrix_address(w, i, l);
    u8* p = shared_ptr(w, i, l, off[l], 16);
    race_access(w, i, l, off[l], 16, false, false, nullptr);
    memcpy(rows[l], p, 16);
  }
  if (w.blk->prof) count_shared(w, n == 32 ? ~0u : (1u << n) - 1, off, 16);
  for (int k = 0; k < i.vec; ++k) {
    u32* d = reg<u32>(w, i.v[k]);
    const u16(*M)[8] = rows + 8 * k;
    for (int l = 0; l < 32; ++l) {
      int r = l >> 2, c = 2 * (l & 3);
      d[l] = i.f1 ? M[c][r] | (u32)M[c + 1][r] << 16 : M[r][c] | (u32)M[r][c + 1] << 16;
    }
  }
}
void stmatrix(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "stmatrix needs all 32 lanes");
  for (int k = 0; k < i.vec; ++k) {
    u16 M[8][8];
    const u32* s = reg<u32>(w, i.v[k]);
    for (int l = 0; l < 32; ++l) {
      int r = l >> 2, c = 2 * (l & 3);
      for (int e = 0; e < 2; ++e) (i.f1 ? M[c + e][r] : M[r][c + e]) = (u16)(s[l] >> 16 * e);
    }
    for (int r = 0; r < 8; ++r) {
      int l = 8 * k + r;
      u32 off = matrix_address(w, i, l);
      u8* p = shared_ptr(w, i, l, off, 16);
      race_access(w, i, l, off, 16, true, false, M[r]);
      memcpy(p, M[r], 16);
    }
  }
  if (w.blk->prof) {
    u32 off[32];
    int n = 8 * i.vec;
    for (int l = 0; l < n; ++l) off[l] = matrix_address(w, i, l);
    count_shared(w, n == 32 ? ~0u : (1u << n) - 1, off, 16);
  }
}
template <bool STORE>
void decode_matrix(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync") || !d.has("aligned") || !d.has("m8n8")) d.bad("form");
  i.vec = d.has("x1") ? 1 : d.has("x2") ? 2 : d.has("x4") ? 4 : 0;
  if (!i.vec) d.bad("count");
  i.f1 = d.has("trans");
  d.has("shared");
  d.has("shared::cta");
  if (d.type() != Type::B16) d.bad("type");
  d.address(STORE ? 0 : 1, Space::Shared);
  i.v = d.vec(d.r.ops.at(STORE ? 1 : 0), Type::B32, !STORE, i.vec);
  i.ctl = Control::WarpSync;
  i.aligned = true;
  i.cls = STORE ? kStShared : kLdShared;
  i.fn = STORE ? stmatrix : ldmatrix;
}
void movmatrix(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "movmatrix needs all 32 lanes");
  u16 M[8][8];
  const u32* a = reg<u32>(w, i.a);
  u32* d = reg<u32>(w, i.d);
  for (int l = 0; l < 32; ++l)
    for (int e = 0; e < 2; ++e) M[l >> 2][2 * (l & 3) + e] = (u16)(a[l] >> 16 * e);
  for (int l = 0; l < 32; ++l) {
    int r = l >> 2, c = 2 * (l & 3);
    d[l] = M[c][r] | (u32)M[c + 1][r] << 16;
  }
}
void decode_movmatrix(InstDecoder& d) {
  if (!d.has("sync") || !d.has("aligned") || !d.has("m8n8") || !d.has("trans")) d.bad("form");
  d.type();
  d.i.d = d.dst(0, Type::B32);
  d.i.a = d.src(1, Type::B32);
  d.i.ctl = Control::WarpSync;
  d.i.aligned = true;
  d.i.fn = movmatrix;
}
PTX_OP("mma", decode_mma);
PTX_OP("ldmatrix", decode_matrix<false>);
PTX_OP("stmatrix", decode_matrix<true>);
PTX_OP("movmatrix", decode_movmatrix);
}  // namespace
}  // namespace convoy::vgpu
