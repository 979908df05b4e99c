#include "kernels/cpu/product/panel_requests.h"

#include <algorithm>

#include "core/base/integers.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kLineElements = 16;  // of memory

}  // namespace

// Where the rows after those below m begin: in the same tile or, with the next block, in its tile.
PanelRequests::Rows PanelRequests::rows_from(int64_t m, int64_t most) const {
  const auto rows_in = [&](const PanelBlock& in, int64_t first) {
    return Rows{in, first, std::min(most, in.tile.m + in.tile.rows - first)};
  };
  return m < block_.tile.m + block_.tile.rows ? rows_in(block_, m) : rows_in(next_, next_.tile.m);
}

// Of this strip: the epilogue reads or writes it.
PanelStrip::Region PanelRequests::pre_activation(int64_t m) const {
  const PanelTile& tile = block_.tile;
  if (!args_.pre_activation || !block_.is_last(args_.a.shape[args_.a_transposed ? 0 : 1])) return {};
  const int64_t rows = std::min(strip_rows_, tile.m + tile.rows - m);
  const Access access = args_.derivative_of == Activation::none ? Access::write : Access::read;
  return {float_at(args_.pre_activation, m, tile.n), args_.c.shape[1], rows, tile.columns, access};
}

// The strip after the one at m. Of a transposed a some rows of the lines after those that the strip lies in: all strips
// in a line share the work.
PanelStrip::Region PanelRequests::next_strip(int64_t m) const {
  const int64_t line = args_.a_transposed ? kLineElements : strip_rows_, done = (m - block_.tile.m) % line;
  const auto [from, first_row, rows] = rows_from(m - done + line, line);
  const int64_t stride = args_.a.shape[1];
  if (!args_.a_transposed) return {float_at(args_.a, first_row, from.k), stride, rows, from.inner};
  const int64_t first = done * from.inner / line, last = std::min(line, done + strip_rows_) * from.inner / line;
  return {float_at(args_.a, from.k + first, first_row), stride, last - first, rows};
}

// What the strip after the one at m is added to or written over.
PanelStrip::Region PanelRequests::next_result(int64_t m) const {
  const auto [from, first_row, rows] = rows_from(m + strip_rows_, strip_rows_);
  return {float_at(args_.c, first_row, from.tile.n), args_.c.shape[1], rows, from.tile.columns, Access::write};
}

// This strip's share of the next block of b.
PanelStrip::Region PanelRequests::next_block(int64_t m) const {
  if (next_.is_packed || next_ == block_) return {};
  const int64_t rows = args_.b_transposed ? next_.tile.columns : next_.inner;
  const int64_t share = ceil_div(rows, ceil_div(block_.tile.rows, strip_rows_));
  const int64_t first = (m - block_.tile.m) / strip_rows_ * share;
  if (first >= rows) return {};
  const int64_t count = std::min(share, rows - first), stride = args_.b.shape[1];
  if (args_.b_transposed) return {float_at(args_.b, next_.tile.n + first, next_.k), stride, count, next_.inner};
  return {float_at(args_.b, next_.k + first, next_.tile.n), stride, count, next_.tile.columns};
}

}  // namespace convoy::cpu
