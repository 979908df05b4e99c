// What a training run tells the world. The trainer calls observers; files, terminal and reports are observers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/metrics/metric_values.h"

namespace convoy {

// What a run counts: units of StepMetrics and EvaluationMetrics.
inline constexpr const char *kTokens = "tokens", *kSamples = "samples";

struct StepMetrics {
  int64_t step = 0;              // from 1: optimizer steps done
  double loss = 0;               // mean over the global batch; of tokens in nats
  double lr = 0, grad_norm = 0;  // norm before clipping
  int64_t tokens = 0;            // or samples: trained on since the run's first step
  double step_ms = 0, tokens_per_s = 0;
  double data_wait_ms = 0;     // the step stood waiting for the loader
  double comm_exposed_ms = 0;  // the compute stream stood waiting for communication
  double mfu = 0;              // model flop/s over the device's peak, arXiv:2204.02311 appendix B; 0: peak unknown
  size_t memory_bytes = 0;     // allocated by Convoy on this rank's device
  // Since the run's first step: steps without a finite gradient, which changed no weight, and rollbacks.
  int64_t skipped_steps = 0, rollbacks = 0;
  std::string unit = kTokens;  // of what is trained on: tokens, samples
  double epoch = 0;            // walks through the training split, with the one in progress; 0: the run counts steps
};

// A sample that the model does badly on.
struct SampleLoss {
  int64_t sample = 0;  // its number in the split
  double loss = 0;     // mean over its targets that count
  // As metrics see them (MetricRow); empty where a sample has several losses, or more numbers than are kept.
  std::vector<float> prediction, target;
  int32_t target_class = -1;
  bool operator==(const SampleLoss&) const = default;
};

struct EvaluationMetrics {
  int64_t step = 0;
  double loss = 0;     // of tokens in nats
  int64_t tokens = 0;  // or samples: evaluated on
  double ms = 0;
  NamedValues metrics = {};    // in the order of the config
  std::string unit = kTokens;  // tokens, samples
  NamedMatrices matrices = {};
  std::vector<SampleLoss> worst = {};  // the largest losses first; none: not looked for
  double epoch = 0;                    // as StepMetrics has it
};

// A run that has ended, on whole splits that it was not trained on.
struct FinalMetrics {
  int64_t step = 0;                                               // after which it ended
  int64_t weights_step = 0;                                       // of the weights: the best ones, or the last
  std::vector<std::pair<std::string, EvaluationMetrics>> splits;  // by name
};

// The run went back from a spike of its loss. The steps after `step` are undone and will come again, with other
// samples.
struct RollbackMetrics {
  int64_t step = 0;       // to which it went back; 0: to the initial weights
  int64_t from_step = 0;  // of the spike
  double loss = 0;        // of the spike
  int64_t samples = 0;    // the number of the next step's first sample
  int64_t rollbacks = 0;  // with this one
};

// The steps after `step` are made from other data than those up to it; names as BatchSource::identity gives them.
struct DataChangeMetrics {
  int64_t step = 0;
  std::string before, after;
};

class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void on_step(const StepMetrics&) {}
  virtual void on_evaluation(const EvaluationMetrics&) {}
  virtual void on_final(const FinalMetrics&) {}
  virtual void on_rollback(const RollbackMetrics&) {}
  // Once before the first step of a start, and again after a rollback to where the data was another.
  virtual void on_data_change(const DataChangeMetrics&) {}
  // Handed over to be written in the background; stall_ms: how long training waited for that.
  virtual void on_checkpoint(int64_t /*step*/, double /*stall_ms*/) {}
};

}  // namespace convoy
