// The fixed binary tree of sums over virtual ranks, and who computes which part of it.
//
// The tree over R leaves: its left subtree takes the largest power of two below R (TreeSum in core/ops/reductions.h).
// Rank r of N owns leaves [r * P, (r + 1) * P), P = V / N. If P is a power of two these are a whole subtree, and what
// is above the N subtrees is the tree over N leaves; so the tree over V leaves comes out whole for any N. One rank owns
// the whole tree and computes it for any V. With N > 1 and another P, a rank's leaves would lie in several subtrees and
// the sum would differ from that of other N, so such pairs are refused.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/tree_sum.h"
#include "core/comm/communicator.h"

namespace convoy {

// Throws ConfigError unless `ranks` ranks can compute the tree over `virtual_ranks` leaves, or, where sums need not be
// reproducible, unless these split over the ranks evenly.
void check_virtual_ranks(int64_t virtual_ranks, int ranks, bool reproducible = true);

// Buffers that a rank needs beside the one that leaves arrive in, to add `leaves` leaves as they come.
int partial_sums(int64_t leaves);

// The sum over all virtual ranks of all ranks by the fixed tree: the same bits on every rank and for every rank count.
// mine: one value per virtual rank of this rank, as many on every rank. Collective, a host operation.
double reproducible_sum(Communicator& communicator, std::span<const double> mine);

}  // namespace convoy
