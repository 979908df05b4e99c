// A step of GradientSync with known random gradients, checked bit for bit against the plain tree.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "core/device/device.h"
#include "core/train/gradient_sync.h"

namespace convoy::test {

struct SyncCase {
  int64_t virtual_ranks = 1;
  int64_t elements = 0;
  int64_t bucket_bytes = 0;
  DType wire = DType::f32;
  bool own_sums = false;         // each rank keeps its shards of the sums alone
  std::optional<Levels> levels;  // how the ranks exchange; absent: at one level
};

std::string describe(const SyncCase& test);

// The whole of flat gradients in buckets of at most that many bytes, descending; all but the last split evenly.
std::vector<GradientBucket> buckets_in(const Tensor& gradients, int64_t bucket_bytes, int ranks);

// The cases that fit this number of ranks: buckets that divide and do not, a length that is prime, both wires.
std::vector<SyncCase> sync_cases(int ranks);

// Two steps on this rank; the gradients, or this rank's shards of them, must be the sum over virtual ranks, and memory
// what was foretold.
void expect_tree_sums(Communicator& communicator, Device& device, const SyncCase& test);

// Element i of virtual rank v's gradients in a step: of many magnitudes, so that the order of a sum shows.
float leaf_gradient(int64_t step, int64_t v, int64_t i);
float plain_tree(int64_t step, int64_t first_leaf, int64_t leaves, int64_t i, DType wire);

}  // namespace convoy::test
