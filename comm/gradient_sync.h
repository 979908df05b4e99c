// GradientSync over f32 gradients: buckets that are reduced while backward runs.
//
// Inside a rank its virtual ranks are added by a binary counter of buffers on the compute stream; across ranks each
// bucket's shards are exchanged all-to-all, added by TreeSum on their owners and, unless every rank keeps only its own,
// gathered back, on the communication stream. Where groups of ranks shard apart, owners of the same shard then add
// theirs in the order of groups. Everything is allocated at construction, through the device.
//
// Without `reproducible` a rank's virtual ranks accumulate in place and whole buckets are all-reduced: less memory and
// traffic, but other bits for another number of ranks. With a bf16 wire, and where each rank keeps only its shard, the
// exchange is used in both cases: it moves no more than a reduce-scatter.
#pragma once

#include <memory>
#include <vector>

#include "core/comm/communication.h"
#include "core/train/gradient_sync.h"

namespace convoy {

// Gradients, streams, device and communicator outlive the GradientSync.
struct GradientSyncOptions {
  Communication& communication;         // its communicator: the ranks that shard with each other
  Tensor gradients;                     // flat f32, with all buckets in it; absent if each has memory of its own
  std::vector<GradientBucket> buckets;  // descending; all of flat storage
  int64_t virtual_ranks = 1;            // over all ranks of all groups
  bool reproducible = true;
  DType wire = DType::f32;  // or bf16: every leaf and every node of the tree is rounded to bf16 and sent as such
  // The ranks with the same shards in other groups, in the order of the groups; null: there is one group. Needs own
  // sums.
  Communicator* replicas = nullptr;
};

// Bytes of device memory that a GradientSync of these options allocates on one of `ranks` ranks. Looks at shapes only.
// Throws ConfigError on an impossible layout.
struct GradientSyncLayout {
  std::vector<GradientBucket> buckets;
  int ranks = 1;  // of a group
  int64_t virtual_ranks = 1;
  bool reproducible = true;
  DType wire = DType::f32;
  int groups = 1;
};
size_t gradient_sync_bytes(const GradientSyncLayout& layout);

// Throws ConfigError if the ranks cannot compute the tree over the virtual ranks (comm/reduction_tree.h).
std::unique_ptr<GradientSync> make_gradient_sync(const GradientSyncOptions& options);

}  // namespace convoy
