// matrix.cpp - tensor core instructions: mma.sync, ldmatrix, stmatrix, movmatrix.
//
// Fragment layouts follow the PTX ISA ("Matrix Fragments for mma.m16n8k*"). With g = lane / 4 and t = lane % 4, and E
// elements packed in one 32-bit register, register r of A holds row g + 8*(r&1) and columns E*t.. + 4*E*(r>>1);
// register r of B holds rows E*t.. + 4*E*r of column g; accumulator register r holds row g + 8*(r>>1), column 2*t +
// (r&1).
#include "tests/virtual_gpu/interpreter/exec.h"

namespace vgpu {
void countShared(Warp& w, u32 m, const u32* off, u32 bytes);
namespace {
float unpackElem(u32 word, Ty t, int e) {
  switch (t) {
    case Ty::F16:
      return toF(half_t{(u16)(word >> 16 * e)});
    case Ty::BF16:
      return bitsF((word >> 16 * e) << 16);
    case Ty::TF32:
      return bitsF(word & 0xffffe000);  // the low 13 bits are not read
    case Ty::E4M3:
    case Ty::E5M2: {
      bool e5 = t == Ty::E5M2;
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
int elemsPerReg(Ty t) { return t == Ty::TF32 ? 1 : t == Ty::F16 || t == Ty::BF16 ? 2 : 4; }

// m16n8kK, row.col; i.v = d[], a[], b[], c[] registers in that order; imm = K
template <Ty AT>
void unpackAB(Warp& w, const Inst& i, int K, int na, int nb, int nd, float (*A)[32], float (*B)[8]) {
  constexpr int E = AT == Ty::TF32 ? 1 : AT == Ty::F16 || AT == Ty::BF16 ? 2 : 4;
  (void)K;
  for (int r = 0; r < na; ++r) {
    const u32* a = L<u32>(w, i.v[nd + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < E; ++e)
        A[(l >> 2) + 8 * (r & 1)][E * (l & 3) + e + 4 * E * (r >> 1)] = unpackElem(a[l], AT, e);
  }
  for (int r = 0; r < nb; ++r) {
    const u32* b = L<u32>(w, i.v[nd + na + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < E; ++e) B[E * (l & 3) + e + 4 * E * r][l >> 2] = unpackElem(b[l], AT, e);
  }
}
template <Ty AT>
void mma(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "mma needs all 32 lanes");
  constexpr int E = AT == Ty::TF32 ? 1 : AT == Ty::F16 || AT == Ty::BF16 ? 2 : 4;
  int K = (int)i.sub, na = K / (4 * E) * 2, nb = K / (4 * E), nd = i.ty == Ty::F32 ? 4 : 2;
  alignas(64) float A[16][32], B[32][8], C[16][8];
  unpackAB<AT>(w, i, K, na, nb, nd, A, B);
  const Operand* cr = i.v + nd + na + nb;
  if (nd == 4)
    for (int r = 0; r < 4; ++r) {
      const float* c = L<float>(w, cr[r]);
      for (int l = 0; l < 32; ++l) C[(l >> 2) + 8 * (r >> 1)][2 * (l & 3) + (r & 1)] = c[l];
    }
  else
    for (int r = 0; r < 2; ++r) {
      const u32* c = L<u32>(w, cr[r]);
      for (int l = 0; l < 32; ++l)
        for (int e = 0; e < 2; ++e) C[(l >> 2) + 8 * r][2 * (l & 3) + e] = toF(half_t{(u16)(c[l] >> 16 * e)});
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
      float* d = L<float>(w, i.v[r]);
      for (int l = 0; l < 32; ++l) d[l] = C[(l >> 2) + 8 * (r >> 1)][2 * (l & 3) + (r & 1)];
    }
  else
    for (int r = 0; r < 2; ++r) {
      u32* d = L<u32>(w, i.v[r]);
      for (int l = 0; l < 32; ++l)
        d[l] = toHalf(C[(l >> 2) + 8 * r][2 * (l & 3)]).b | (u32)toHalf(C[(l >> 2) + 8 * r][2 * (l & 3) + 1]).b << 16;
    }
}
void mmaInt(Warp& w, const Inst& i, u32 m) {  // s8/u8, m16n8k16 and m16n8k32
  if (m != ~0u) fault(719, "mma needs all 32 lanes");
  int K = i.sub, na = K / 8, nb = K / 16;
  static thread_local i32 A[16][32], B[32][8];
  auto el = [](u32 x, int e, bool s) {
    u8 b = x >> 8 * e;
    return s ? (i32)(i8)b : (i32)b;
  };
  for (int r = 0; r < na; ++r) {
    const u32* a = L<u32>(w, i.v[4 + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < 4; ++e) A[(l >> 2) + 8 * (r & 1)][4 * (l & 3) + e + 16 * (r >> 1)] = el(a[l], e, i.f1);
  }
  for (int r = 0; r < nb; ++r) {
    const u32* b = L<u32>(w, i.v[4 + na + r]);
    for (int l = 0; l < 32; ++l)
      for (int e = 0; e < 4; ++e) B[4 * (l & 3) + e + 16 * r][l >> 2] = el(b[l], e, i.f2);
  }
  for (int r = 0; r < 4; ++r) {
    u32* d = L<u32>(w, i.v[r]);
    const u32* c = L<u32>(w, i.v[4 + na + nb + r]);
    for (int l = 0; l < 32; ++l) {
      int row = (l >> 2) + 8 * (r >> 1), col = 2 * (l & 3) + (r & 1);
      i64 s = (i32)c[l];
      for (int k = 0; k < K; ++k) s += A[row][k] * B[k][col];
      if (i.f3) s = std::min<i64>(std::max<i64>(s, INT32_MIN), INT32_MAX);
      d[l] = (u32)s;
    }
  }
}
void decodeMma(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync") || !d.has("aligned")) d.bad("mma form");
  std::string shape = d.oneOf({"m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32"});
  if (shape.empty()) d.bad("shape");
  if (!d.has("row") || !d.has("col")) d.bad("layout");
  i.sub = (u8)atoi(shape.c_str() + 6);
  bool satf = d.has("satfinite");
  Ty dt = d.type(), at = d.type(), bt = d.type(), ct = d.type();
  i.ty = dt;
  if (dt != ct) d.bad("accumulator types differ");
  bool isInt = at == Ty::U8 || at == Ty::S8;
  int E = isInt ? 4 : elemsPerReg(at), nd = dt == Ty::F16 ? 2 : 4, na = i.sub / (4 * E) * 2, nb = i.sub / (4 * E);
  if (!nb || na > 4) d.bad("shape for this type");
  if (!isInt && at != bt) d.bad("A and B types differ");
  std::vector<Operand> all;
  const int count[4] = {nd, na, nb, nd};
  for (int k = 0; k < 4; ++k) {
    const Operand* v = d.vec(d.r.ops.at(k), Ty::B32, k == 0, count[k]);
    all.insert(all.end(), v, v + count[k]);
  }
  i.v = d.keep(std::move(all));
  i.ctl = Ctl::WarpSync;
  i.aligned = true;
  i.cls = kMma;
  i.flops = 2 * 16 * 8 * i.sub / 32;
  if (isInt) {
    if (dt != Ty::S32) d.bad("types");
    i.f1 = at == Ty::S8;
    i.f2 = bt == Ty::S8;
    i.f3 = satf;
    i.fn = mmaInt;
    return;
  }
  if (dt != Ty::F32 && dt != Ty::F16) d.bad("accumulator type");
  if (satf) d.bad(".satfinite");
  switch (at) {
    case Ty::F16:
      i.fn = mma<Ty::F16>;
      break;
    case Ty::BF16:
      i.fn = mma<Ty::BF16>;
      break;
    case Ty::TF32:
      i.fn = mma<Ty::TF32>;
      break;
    case Ty::E4M3:
      i.fn = mma<Ty::E4M3>;
      break;
    case Ty::E5M2:
      i.fn = mma<Ty::E5M2>;
      break;
    default:
      d.bad("types");
  }
}

// ldmatrix: lane 8*k + r supplies the address of row r of matrix k; lane l receives elements (l/4, 2*(l%4)..+1),
// transposed with .trans
u32 matrixAddress(Warp& w, const Inst& i, int l) {
  return (i.wide == 8 ? (u32)(L<u64>(w, i.a)[l] & ~kWinMask) : L<u32>(w, i.a)[l]) + (u32)i.imm;
}
void ldmatrix(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "ldmatrix needs all 32 lanes");
  u16 rows[32][8];
  u32 off[32];
  int n = 8 * i.vec;
  for (int l = 0; l < n; ++l) {
    off[l] = matrixAddress(w, i, l);
    u8* p = sharedPtr(w, i, l, off[l], 16);
    raceAccess(w, i, l, off[l], 16, false, false, nullptr);
    memcpy(rows[l], p, 16);
  }
  if (w.blk->prof) countShared(w, n == 32 ? ~0u : (1u << n) - 1, off, 16);
  for (int k = 0; k < i.vec; ++k) {
    u32* d = L<u32>(w, i.v[k]);
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
    const u32* s = L<u32>(w, i.v[k]);
    for (int l = 0; l < 32; ++l) {
      int r = l >> 2, c = 2 * (l & 3);
      for (int e = 0; e < 2; ++e) (i.f1 ? M[c + e][r] : M[r][c + e]) = (u16)(s[l] >> 16 * e);
    }
    for (int r = 0; r < 8; ++r) {
      int l = 8 * k + r;
      u32 off = matrixAddress(w, i, l);
      u8* p = sharedPtr(w, i, l, off, 16);
      raceAccess(w, i, l, off, 16, true, false, M[r]);
      memcpy(p, M[r], 16);
    }
  }
  if (w.blk->prof) {
    u32 off[32];
    int n = 8 * i.vec;
    for (int l = 0; l < n; ++l) off[l] = matrixAddress(w, i, l);
    countShared(w, n == 32 ? ~0u : (1u << n) - 1, off, 16);
  }
}
template <bool STORE>
void decodeMatrix(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync") || !d.has("aligned") || !d.has("m8n8")) d.bad("form");
  i.vec = d.has("x1") ? 1 : d.has("x2") ? 2 : d.has("x4") ? 4 : 0;
  if (!i.vec) d.bad("count");
  i.f1 = d.has("trans");
  d.has("shared");
  d.has("shared::cta");
  if (d.type() != Ty::B16) d.bad("type");
  d.address(STORE ? 0 : 1, Space::Shared);
  i.v = d.vec(d.r.ops.at(STORE ? 1 : 0), Ty::B32, !STORE, i.vec);
  i.ctl = Ctl::WarpSync;
  i.aligned = true;
  i.cls = STORE ? kStShared : kLdShared;
  i.fn = STORE ? stmatrix : ldmatrix;
}
void movmatrix(Warp& w, const Inst& i, u32 m) {
  if (m != ~0u) fault(719, "movmatrix needs all 32 lanes");
  u16 M[8][8];
  const u32* a = L<u32>(w, i.a);
  u32* d = L<u32>(w, i.d);
  for (int l = 0; l < 32; ++l)
    for (int e = 0; e < 2; ++e) M[l >> 2][2 * (l & 3) + e] = (u16)(a[l] >> 16 * e);
  for (int l = 0; l < 32; ++l) {
    int r = l >> 2, c = 2 * (l & 3);
    d[l] = M[c][r] | (u32)M[c + 1][r] << 16;
  }
}
void decodeMovmatrix(Dec& d) {
  if (!d.has("sync") || !d.has("aligned") || !d.has("m8n8") || !d.has("trans")) d.bad("form");
  d.type();
  d.i.d = d.dst(0, Ty::B32);
  d.i.a = d.src(1, Ty::B32);
  d.i.ctl = Ctl::WarpSync;
  d.i.aligned = true;
  d.i.fn = movmatrix;
}
PTX_OP("mma", decodeMma);
PTX_OP("ldmatrix", decodeMatrix<false>);
PTX_OP("stmatrix", decodeMatrix<true>);
PTX_OP("movmatrix", decodeMovmatrix);
}  // namespace
}  // namespace vgpu
