// Turns each virtual rank's gradients into the sum over all virtual ranks of all ranks, while backward still runs.
//
// A step is: for each virtual rank of this rank { begin(); passes accumulate into the gradients; ready(range) for every
// range as the last pass finishes it; end(); }, then finish(). After finish() the sums over V virtual ranks, by the
// fixed binary tree of TreeSum, are there for later work on the compute stream.
// Collective: every rank calls the same sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/comm/communication.h"
#include "core/tensor/tensor.h"

namespace convoy {

// Gradients that are reduced together.
struct GradientBucket {
  int64_t begin = 0, end = 0;  // elements of flat storage
  // f32: what backward adds to. The bucket's elements, or, with own_sum, one shard for every rank: then what lies
  // beyond the bucket's elements is zero.
  Tensor values;
  Tensor own_sum;  // (shard) f32: where this rank's shard of the sum goes; absent: all of the sum goes to values
  int64_t elements() const { return end - begin; }
};

class GradientSync {
 public:
  virtual ~GradientSync() = default;

  // Elements of the flat gradients, descending, at which a reduction can start: telling of ranges between them gains
  // nothing.
  virtual std::vector<int64_t> cuts() const = 0;

  // Clears the gradients for the next virtual rank of this step, unless each bucket has memory of its own.
  virtual void begin(int64_t step) = 0;
  // Elements [begin, end) of the flat gradients are final for this virtual rank once the compute stream has done what
  // is enqueued so far. Ranges come in descending order and cover all of the storage by end().
  virtual void ready(int64_t begin, int64_t end) = 0;
  virtual void end() = 0;
  // The compute stream waits for the sums. Called after the last virtual rank's end().
  virtual void finish() = 0;
};

// What a GradientSync is made for. When planning, tensors have shapes but no memory.
struct GradientSyncPlan {
  std::string group;                    // of parameters, as in_group() says it: behind the names of buckets in the log
  Tensor gradients;                     // flat f32, with all buckets in it; absent if each has memory of its own
  std::vector<GradientBucket> buckets;  // descending; all of flat storage
  Levels ranks;                         // that shard with each other, each shard its owner's by place,
  Levels groups;                        // and groups of such ranks; more than one need own sums
  int64_t virtual_ranks = 1;            // over all ranks of all groups
  bool reproducible = true;
  DType wire = DType::f32;  // or bf16: every leaf and every node of the tree is rounded to bf16 and sent as such
};

struct GradientSyncCost {
  size_t memory_bytes = 0;  // that it allocates on the device
  size_t sent_bytes = 0;    // by a rank in a step, core/comm/bytes_sent.h
};

// comm/ has the functions, core only the need.
struct GradientSyncMaker {
  // Looks at shapes only. Throws ConfigError on an impossible plan.
  std::function<GradientSyncCost(const GradientSyncPlan&)> cost;
  // replicas: the ranks with the same shards in other groups, in the order of the groups; null: there is one group. All
  // outlives what is made.
  std::function<std::unique_ptr<GradientSync>(const GradientSyncPlan&, Communication&, const LeveledGroup* replicas)>
      make;
};

}  // namespace convoy
