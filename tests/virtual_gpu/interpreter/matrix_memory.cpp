// ldmatrix, stmatrix and movmatrix: 8x8 matrices of 16-bit elements between shared memory and registers.
//
// Lane 8 k + r gives the address of row r of matrix k. Lane l holds the elements at row l / 4, columns 2 (l % 4) and
// 2 (l % 4) + 1, the lower one in the lower half; with .trans those of the transposed matrix.
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/memory.h"
#include "tests/virtual_gpu/interpreter/shared_memory.h"

namespace convoy::vgpu {
namespace {

constexpr int kSide = 8;
constexpr u32 kRowBytes = 16;
using Matrix = u16[kSide][kSide];

void require_whole_warp(u32 m) {
  if (m != kAllLanes) fault(kLaunchFailure, "matrix instruction needs all 32 lanes", first_lane(m));
}

u32 row_address(Warp& w, const Inst& i, int l) {
  const u64 base = i.wide == 8 ? reg<u64>(w, i.a)[l] : reg<u32>(w, i.a)[l];
  if (i.f2 && (base & kWinMask) != kSharedWin) fault(kIllegalAddress, hex(base) + " is not in shared memory", l);
  return static_cast<u32>((base & ~kWinMask) + i.imm);
}
void count_rows(Warp& w, const Inst& i) {
  if (!w.blk->prof) return;
  u32 off[kLanes];
  const int rows = kSide * i.vec;
  for (int l = 0; l < rows; ++l) off[l] = row_address(w, i, l);
  count_shared(w, rows == kLanes ? kAllLanes : (1u << rows) - 1, off, kRowBytes);
}

u32 fragment(const Matrix& matrix, int l, bool transposed) {
  const int row = l >> 2, column = 2 * (l & 3);
  const u16 low = transposed ? matrix[column][row] : matrix[row][column];
  const u16 high = transposed ? matrix[column + 1][row] : matrix[row][column + 1];
  return low | static_cast<u32>(high) << 16;
}
void set_fragment(Matrix& matrix, int l, bool transposed, u32 word) {
  const int row = l >> 2, column = 2 * (l & 3);
  (transposed ? matrix[column][row] : matrix[row][column]) = static_cast<u16>(word);
  (transposed ? matrix[column + 1][row] : matrix[row][column + 1]) = static_cast<u16>(word >> 16);
}

// All rows are read before a register is written: the address register may be a destination.
// vec: matrices, f1: .trans, f2: addresses are generic.
void ldmatrix(Warp& w, const Inst& i, u32 m) {
  require_whole_warp(m);
  Matrix matrices[4];
  for (int l = 0; l < kSide * i.vec; ++l) {
    const u32 off = row_address(w, i, l);
    const u8* row = shared_ptr(w, i, l, off, kRowBytes);
    race_access(w, i, l, off, kRowBytes, false, false, nullptr);
    memcpy(matrices[l / kSide][l % kSide], row, kRowBytes);
  }
  count_rows(w, i);
  for (int k = 0; k < i.vec; ++k) {
    u32* d = reg<u32>(w, i.v[k]);
    for (int l = 0; l < kLanes; ++l) d[l] = fragment(matrices[k], l, i.f1);
  }
}

void stmatrix(Warp& w, const Inst& i, u32 m) {
  require_whole_warp(m);
  for (int k = 0; k < i.vec; ++k) {
    Matrix matrix;
    const u32* words = reg<u32>(w, i.v[k]);
    for (int l = 0; l < kLanes; ++l) set_fragment(matrix, l, i.f1, words[l]);
    for (int r = 0; r < kSide; ++r) {
      const int l = kSide * k + r;
      const u32 off = row_address(w, i, l);
      u8* row = shared_ptr(w, i, l, off, kRowBytes);
      race_access(w, i, l, off, kRowBytes, true, false, matrix[r]);
      memcpy(row, matrix[r], kRowBytes);
    }
  }
  count_rows(w, i);
}

void movmatrix(Warp& w, const Inst& i, u32 m) {
  require_whole_warp(m);
  Matrix matrix;
  const u32* a = reg<u32>(w, i.a);
  for (int l = 0; l < kLanes; ++l) set_fragment(matrix, l, false, a[l]);
  u32* d = reg<u32>(w, i.d);
  for (int l = 0; l < kLanes; ++l) d[l] = fragment(matrix, l, true);
}

void whole_warp(InstDecoder& d, Handler fn) {
  if (!d.has("sync") || !d.has("aligned") || !d.has("m8n8")) d.bad("form");
  d.i.ctl = Control::WarpSync;
  d.i.aligned = true;
  d.i.fn = fn;
}

template <bool STORE>
void decode_matrix(InstDecoder& d) {
  Inst& i = d.i;
  whole_warp(d, STORE ? stmatrix : ldmatrix);
  const int count = d.index_of({"x1", "x2", "x4"});
  if (count < 0) d.bad("count");
  i.vec = static_cast<u8>(1 << count);
  i.f1 = d.has("trans");
  i.f2 = !d.has("shared") && !d.has("shared::cta");
  if (d.type() != Type::B16) d.bad("type");
  d.address(STORE ? 0 : 1, Space::Shared);
  i.v = d.vec(d.op(STORE ? 1 : 0), Type::B32, !STORE, i.vec);
  i.cls = STORE ? kStShared : kLdShared;
}

void decode_movmatrix(InstDecoder& d) {
  whole_warp(d, movmatrix);
  if (!d.has("trans") || d.type() != Type::B16) d.bad("form");
  d.i.d = d.dst(0, Type::B32);
  d.i.a = d.src(1, Type::B32);
}

PTX_OP("ldmatrix", decode_matrix<false>);
PTX_OP("stmatrix", decode_matrix<true>);
PTX_OP("movmatrix", decode_movmatrix);

}  // namespace
}  // namespace convoy::vgpu
