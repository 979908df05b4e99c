// Everything that training allocates on a rank, planned from shapes before anything is allocated; a Trainer compares
// what it then allocates with it, to the byte.
//
// Not in it is what libraries take for themselves (CUDA's context and NCCL's buffers, what threads of the CPU device
// work in) and what is there only while a run starts or saves.
#pragma once

#include "core/comm/mesh.h"
#include "core/config/config.h"
#include "core/device/device.h"
#include "core/device/memory_use.h"
#include "core/optimizer/optimizer.h"
#include "core/train/evaluated_rows.h"
#include "core/train/gradient_sync.h"
#include "core/train/model_plan.h"

namespace convoy {

// What is to be known of a run beside its config and its graph.
struct RankFacts {
  int rank = 0, ranks = 1;  // of the mesh's data axis
  MeshShape mesh;
  int64_t virtual_ranks = 1;
  DeviceKind device = DeviceKind::cpu;
  bool evaluates = true;            // the data has a validation split, and the config makes use of it
  bool every_target_counts = true;  // BatchSource's
  bool saves = true;
  bool debug = false;
};

struct RunPlan {
  MemoryUse memory;                              // of this rank
  size_t snapshot_bytes = 0;                     // of memory.host: the device's from the first checkpoint on,
  size_t staging_bytes = 0;                      // and the checkpoint's own
  std::vector<GradientSyncPlan> gradient_syncs;  // of each group of parameters that is trained, without memory
  double flops = 0, recompute_flops = 0;         // of a step on all ranks: forward and backward; what is computed again
  size_t sent_bytes = 0;                         // of a step, by this rank, to others; control data not counted
};

// What training's evaluations tell, but for the names of classes.
EvaluationWishes evaluation_wishes(const Config& config);

ModelOptions model_options(const Config& config, const RankFacts& facts, const Optimizer& optimizer);

// model: planned with these options. Throws ConfigError if the ranks cannot do what the config wants.
RunPlan plan_run(const Config& config, const RankFacts& facts, const Optimizer& optimizer, const ModelPlan& model,
                 const GradientSyncMaker& gradient_sync);

}  // namespace convoy
