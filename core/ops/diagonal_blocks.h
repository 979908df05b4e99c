// Pieces of a matrix by rows, and the same pieces as blocks down the diagonal of a wide one: adapters of several maps
// that are one product.
//
//   stacked (sum of rows, r): the pieces, one below the other
//   wide (R, count r): piece p in rows [first[p], first[p] + rows[p]) and columns [p r, (p + 1) r); zero elsewhere
#pragma once

#include <array>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy {

struct DiagonalBlocks {
  static constexpr int kMost = 4;

  std::array<int64_t, kMost> first = {}, rows = {};  // ascending, apart from each other
  int count = 0;
};

// wide = scale * the pieces, both of one dtype.
struct SpreadBlocks {
  Tensor wide, stacked;
  DiagonalBlocks blocks;
  float scale = 1;
};

// stacked += scale * the blocks, both f32.
struct AddBlocks {
  Tensor stacked, wide;
  DiagonalBlocks blocks;
  float scale = 1;
};

}  // namespace convoy
