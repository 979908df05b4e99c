// How the ranks of a communicator divide into new ones (ncclCommSplit).
#pragma once
#include <atomic>
#include <memory>

#include "tests/virtual_gpu/nccl/communicator.h"

namespace convoy::virtual_nccl {
struct SplitWish {
  uint64_t number;  // of the parent's splits, from 1
  int color, key;   // color NCCL_SPLIT_NOCOLOR: to be in none
};

// Tells the parent's ranks the wish, and meets those of the same color. With no color it is done once the wish is told.
// Throws RendezvousError.
Membership meet_by_color(Segment& parent, int rank, int device, const SplitWish& wish, const std::atomic<bool>& stop);
}  // namespace convoy::virtual_nccl
