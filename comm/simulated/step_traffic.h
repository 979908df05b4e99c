// What rank 0 sends in a training step on a cluster, told from the plan alone: what a CountingCommunicator would count.
#pragma once

#include <map>
#include <string>

#include "comm/simulated/cluster.h"
#include "core/train/run_plan.h"

namespace convoy::simulated {

// By the label that the log of collectives has for it, without numbers; "host": losses and flags. passes: of a rank in
// a step. model: planned for training.
std::map<std::string, Traffic> step_traffic(const Cluster& cluster, const RankFacts& facts, const ModelPlan& model,
                                            const RunPlan& run, int64_t passes);

}  // namespace convoy::simulated
