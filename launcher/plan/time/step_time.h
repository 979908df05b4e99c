// How long a rank would compute in a step, part by part: a model, no measurement.
#pragma once

#include <map>
#include <string>
#include <typeindex>
#include <vector>

#include "core/train/run_plan.h"
#include "launcher/plan/time/card_rates.h"

namespace convoy {

// The operators of a micro-batch: a plan's observer fills it.
class OperatorTally {
 public:
  CallObserver observer() {
    return [this](std::type_index type, const void* args) { count(type, args); };
  }
  const std::vector<OperatorWork>& works() const { return works_; }
  // How often operators were called whose cost is not known, by name.
  const std::map<std::string, int64_t>& unknown() const { return unknown_; }

 private:
  void count(std::type_index type, const void* args);

  std::vector<OperatorWork> works_;
  std::map<std::string, int64_t> unknown_;
};

struct StepTime {
  CardRates rates;
  double products_s = 0, attention_s = 0, streaming_s = 0;  // of all micro-batches of a rank
  double optimizer_s = 0;                                   // and gradients' norm, once
  double exposed_s = 0;                                     // of communication
  int64_t kernels = 0;                                      // of a rank
  double products_flops = 0, attention_flops = 0, streamed_bytes = 0;
  std::map<std::string, int64_t> unknown;

  double compute_s() const { return products_s + attention_s + streaming_s + optimizer_s; }
  double step_s() const { return compute_s() + exposed_s; }
};

// Without communication. micro_batches: of a rank in a step.
StepTime step_time(const CardRates& rates, const OperatorTally& tally, const ModelPlan& model, int64_t micro_batches);

}  // namespace convoy
