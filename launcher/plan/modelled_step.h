// How long a step's communication would take on a cluster, and how much of it nothing hides: a model with its
// assumptions beside it, no measurement.
#pragma once

#include <map>
#include <string>

#include "comm/simulated/cluster.h"

namespace convoy {

struct ModelledStep {
  simulated::Cluster cluster;
  double flops_per_s = 0;                           // of a rank; 0: a card's operators, one by one
  double compute_s = 0;                             // of a rank
  std::map<std::string, simulated::Traffic> parts;  // of rank 0: comm/simulated/step_traffic.h
  double exposed_s = 0;
};

// Gradients are reduced under the backward pass, two thirds of the step, all but the last bucket; weights are gathered
// under the whole of it; what comes after the gradients is under nothing. assumptions: with compute_s and parts.
// gradient_buckets: of a step, at least one.
ModelledStep modelled_step(ModelledStep assumptions, size_t gradient_buckets);

}  // namespace convoy
