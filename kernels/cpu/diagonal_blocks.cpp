#include "core/ops/diagonal_blocks.h"

#include <algorithm>

#include "core/base/bf16.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

// body(row of the wide matrix, of the stacked one, column in the wide one) of all rows [begin, end) of the wide one
// that have a block; r: columns of a block.
template <class Body>
void for_block_rows(const DiagonalBlocks& blocks, int64_t begin, int64_t end, int64_t r, const Body& body) {
  int64_t before = 0;  // rows of the pieces before
  for (int p = 0; p < blocks.count; ++p) {
    const int64_t first = blocks.first[static_cast<size_t>(p)], rows = blocks.rows[static_cast<size_t>(p)];
    for (int64_t row = std::max(first, begin); row < std::min(first + rows, end); ++row)
      body(row, before + row - first, p * r);
    before += rows;
  }
}

template <class Real>
void spread(const SpreadBlocks& args) {
  const int64_t K = args.wide.shape[1], r = args.stacked.shape[1];
  for_rows(args.wide.shape[0], K, [&](int64_t begin, int64_t end) {
    std::fill(args.wide.as<Real>() + begin * K, args.wide.as<Real>() + end * K, Real(0.0f));
    for_block_rows(args.blocks, begin, end, r, [&](int64_t row, int64_t from, int64_t column) {
      for (int64_t i = 0; i < r; ++i)
        args.wide.as<Real>()[row * K + column + i] =
            Real(args.scale * static_cast<float>(args.stacked.as<Real>()[from * r + i]));
    });
  });
}

}  // namespace

void spread_blocks(Stream& stream, const SpreadBlocks& args) {
  enqueue(stream, [args] { args.wide.dtype == DType::bf16 ? spread<bf16>(args) : spread<float>(args); });
}

void add_blocks(Stream& stream, const AddBlocks& args) {
  enqueue(stream, [args] {
    const int64_t K = args.wide.shape[1], r = args.stacked.shape[1];
    for_rows(args.wide.shape[0], K, [&](int64_t begin, int64_t end) {
      for_block_rows(args.blocks, begin, end, r, [&](int64_t row, int64_t to, int64_t column) {
        for (int64_t i = 0; i < r; ++i)
          args.stacked.as<float>()[to * r + i] += args.scale * args.wide.as<float>()[row * K + column + i];
      });
    });
  });
}

}  // namespace convoy::cpu
