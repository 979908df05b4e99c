// What both plain kernels of attention's backward share: their arguments and the sizes of their tiles.
#pragma once

#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/plain_masks.h"
#include "kernels/cuda/attention/plain_tile.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {

// Rows of the block's own tile, and of the tiles that pass by: two of each, and weights between them, in 99 KiB.
template <int kD>
struct PlainBackwardTiles {
  static constexpr int kRows = kD <= 64 ? 64 : kD <= 128 ? 32 : 16, kColumns = kRows;
  static constexpr int kThreads = kRows / kPlainRows * 16;
  static constexpr int kBytes = PlainTile<kD>::bytes(2 * kRows + 2 * kColumns) + PlainTile<kColumns>::bytes(kRows);

  PlainTile<kD> own[2], passing[2];
  PlainTile<kColumns> weights;

  __device__ explicit PlainBackwardTiles(float* shared) {
    own[0].data = shared;
    own[1].data = own[0].at(kRows, 0);
    passing[0].data = own[1].at(kRows, 0);
    passing[1].data = passing[0].at(kColumns, 0);
    weights.data = passing[1].at(kColumns, 0);
  }
};

template <class Real>
struct PlainBackwardArguments {
  AttentionExtents extents;
  HeadsView<Real> dq, dk, dv;
  HeadsView<const Real> dy, y, q, k, v;
  const float* logsumexp;
  float* delta;
  ProbabilityDropout dropout;
  bool packs;  // what is read can be read 16 bytes at a time

  PlainBackwardArguments(const AttentionBackward& args, float* delta_rows)
      : extents(args.shape, args.starts, {}, args.prefix_ends),
        dq(args.dq),
        dk(args.dk),
        dv(args.dv),
        dy(args.dy),
        y(args.y),
        q(args.q),
        k(args.k),
        v(args.v),
        logsumexp(data_of<float>(args.logsumexp)),
        delta(delta_rows),
        dropout(args.dropout),
        packs(read_in_packs(args.shape, {args.dy, args.y, args.q, args.k, args.v})) {}
};

}  // namespace convoy::cuda
