// Pieces of rows as blocks down a diagonal, and added back: an element a thread.
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

// DiagonalBlocks as kernels take it. Loops go over all that there could be, unrolled, or the arrays would have to lie
// in local memory to be indexed: pieces that are not there have no rows.
struct Blocks {
  explicit Blocks(const DiagonalBlocks& blocks) {
    for (int p = 0; p < blocks.count; ++p) {
      first[p] = blocks.first[static_cast<size_t>(p)];
      rows[p] = blocks.rows[static_cast<size_t>(p)];
    }
  }
  int64_t first[DiagonalBlocks::kMost] = {}, rows[DiagonalBlocks::kMost] = {};
};

// An element of the wide matrix, wherever it is.
template <class Real>
struct SpreadElement {
  Real* wide;
  const Real* stacked;
  Blocks blocks;
  int64_t K, r;
  float scale;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    static_assert(kWidth == 1);
    const int64_t row = i / K, column = i - row * K;
    int64_t from = -1, before = 0;
#pragma unroll
    for (int p = 0; p < DiagonalBlocks::kMost; ++p) {
      const int64_t in_piece = row - blocks.first[p];
      const bool here = column >= p * r && column < (p + 1) * r && in_piece >= 0 && in_piece < blocks.rows[p];
      if (here) from = (before + in_piece) * r + column - p * r;
      before += blocks.rows[p];
    }
    wide[i] = from_float<Real>(from < 0 ? 0.0f : scale * to_float(stacked[from]));
  }
};

// An element of the pieces.
struct AddElement {
  float* stacked;
  const float* wide;
  Blocks blocks;
  int64_t K, r;
  float scale;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    static_assert(kWidth == 1);
    const int64_t row = i / r, column = i - row * r;
    int64_t before = 0;
#pragma unroll
    for (int p = 0; p < DiagonalBlocks::kMost; ++p) {
      const int64_t in_piece = row - before;
      if (in_piece >= 0 && in_piece < blocks.rows[p])
        stacked[i] += scale * wide[(blocks.first[p] + in_piece) * K + p * r + column];
      before += blocks.rows[p];
    }
  }
};

}  // namespace

void spread_blocks(Stream& stream, const SpreadBlocks& args) {
  for_real(args.wide.dtype, [&](auto real) {
    using Real = decltype(real);
    enqueue_single(stream, args.wide.elements(),
                   SpreadElement<Real>{data_of<Real>(args.wide), data_of<Real>(args.stacked), Blocks(args.blocks),
                                       args.wide.shape[1], args.stacked.shape[1], args.scale});
  });
}

void add_blocks(Stream& stream, const AddBlocks& args) {
  enqueue_single(stream, args.stacked.elements(),
                 AddElement{data_of<float>(args.stacked), data_of<float>(args.wide), Blocks(args.blocks),
                            args.wide.shape[1], args.stacked.shape[1], args.scale});
}

}  // namespace convoy::cuda
