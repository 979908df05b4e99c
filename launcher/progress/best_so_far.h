// Which evaluations a person is told to be better than all before them, by what evaluate.watch names.
#pragma once

#include "core/metrics/training_events.h"
#include "core/train/early_stopping.h"

namespace convoy {

class BestSoFar {
 public:
  explicit BestSoFar(const EvaluateConfig& config) : best_(early_stopping_options(config)) {}

  // False of the first, which is no improvement on anything.
  bool improved_by(const EvaluationMetrics& evaluation) {
    const bool first = !best_.state() || best_.state()->step == 0;
    return best_.tell(evaluation.step, watched(evaluation, best_.options().watch)) && !first;
  }
  // What was best may have been undone.
  void forget() { best_ = EarlyStopping(best_.options()); }

 private:
  EarlyStopping best_;
};

}  // namespace convoy
