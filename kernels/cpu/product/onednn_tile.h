// One matrix product by one thread: c = a b (+ c) (+ bias), compiled by oneDNN for one shape and one set of strides.
#pragma once

#include <cstdint>
#include <memory>

#include "core/tensor/dtype.h"

namespace convoy::cpu {

// Strides in elements. Either the row or the column stride of an operand is 1.
struct TileShape {
  int64_t rows = 0, columns = 0, inner = 0;  // M, N, K
  int64_t a_row_stride = 0, a_column_stride = 0;
  int64_t b_row_stride = 0, b_column_stride = 0;
  int64_t c_row_stride = 0;
  DType input = DType::f32, output = DType::f32;
  bool accumulate = false;  // c is added to
  bool bias = false;        // of the input type
  bool b_packed = false;    // b is what pack() made of the b that the strides describe
};

// run() may be called from several threads at once. Its bits depend on the operands only.
class OneDnnTile {
 public:
  // Null if oneDNN has no fast product for these types on this processor; with b_packed also if it would not pack.
  static std::unique_ptr<OneDnnTile> compile(const TileShape& shape);
  virtual ~OneDnnTile() = default;

  virtual size_t scratch_bytes() const = 0;
  virtual size_t packed_bytes() const = 0;  // 0: b is used as it is
  // packed: packed_bytes(), 64-byte aligned.
  virtual void pack(const void* b, void* packed) = 0;
  // Can one product use what the other one packed?
  virtual bool packs_like(const OneDnnTile& other) const = 0;
  // scratch: scratch_bytes(), 64-byte aligned, the caller's own. bias: null unless the shape has one. Throws
  // InternalError.
  virtual void run(const void* a, const void* b, const void* bias, void* c, void* scratch) = 0;
};

}  // namespace convoy::cpu
