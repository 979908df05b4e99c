// What a product of panels requests from memory while a strip is multiplied: what the epilogue needs of it, and what
// the strip after it, the next block of b and the tile that the thread probably does next begin with.
#pragma once

#include <array>
#include <cstdint>

#include "core/ops/matmul.h"
#include "kernels/cpu/product/panel_grid.h"

namespace convoy::cpu {

// A block of b, and the tile whose strips pass it.
struct PanelBlock {
  PanelTile tile;
  int64_t k, inner;
  bool is_packed;

  bool is_last(int64_t K) const { return k + inner == K; }
  bool operator==(const PanelBlock&) const = default;
};

inline float* float_at(const Tensor& matrix, int64_t row, int64_t column) {
  return matrix.as<float>() + row * matrix.shape[1] + column;
}

// References must outlive it.
class PanelRequests {
 public:
  // next: the block after this one, of the same tile or the next one.
  PanelRequests(const Matmul& args, int64_t strip_rows, const PanelBlock& block, const PanelBlock& next)
      : args_(args), strip_rows_(strip_rows), block_(block), next_(next) {}

  // Of the strip whose rows of c begin at m.
  std::array<PanelStrip::Region, 4> at(int64_t m) const {
    return {pre_activation(m), next_strip(m), next_result(m), next_block(m)};
  }

 private:
  struct Rows {
    const PanelBlock& block;
    int64_t first, count;
  };

  Rows rows_from(int64_t m, int64_t most) const;
  PanelStrip::Region pre_activation(int64_t m) const;
  PanelStrip::Region next_strip(int64_t m) const;
  PanelStrip::Region next_result(int64_t m) const;
  PanelStrip::Region next_block(int64_t m) const;

  const Matmul& args_;
  int64_t strip_rows_;
  const PanelBlock &block_, &next_;
};

}  // namespace convoy::cpu
