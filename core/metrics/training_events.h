// What a training run tells the world. The trainer calls observers; files, terminal and reports are observers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace convoy {

struct StepMetrics {
  int64_t step = 0;              // from 1: optimizer steps done
  double loss = 0;               // mean over the global batch, nats per token
  double lr = 0, grad_norm = 0;  // norm before clipping
  int64_t tokens = 0;            // trained on since the run's first step
  double step_ms = 0, tokens_per_s = 0;
  double data_wait_ms = 0;     // the step stood waiting for the loader
  double comm_exposed_ms = 0;  // the compute stream stood waiting for communication
  double mfu = 0;              // model flop/s over the device's peak, arXiv:2204.02311 appendix B; 0: peak unknown
  size_t memory_bytes = 0;     // allocated by Convoy on this rank's device
};

struct EvaluationMetrics {
  int64_t step = 0;
  double loss = 0;     // nats per token
  int64_t tokens = 0;  // evaluated on
  double ms = 0;
};

class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void on_step(const StepMetrics&) {}
  virtual void on_evaluation(const EvaluationMetrics&) {}
  // Handed over to be written in the background; stall_ms: how long training waited for that.
  virtual void on_checkpoint(int64_t /*step*/, double /*stall_ms*/) {}
};

}  // namespace convoy
