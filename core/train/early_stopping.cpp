#include "core/train/early_stopping.h"

#include <fmt/format.h>

#include <cmath>

#include "core/metrics/metric_sums.h"

namespace convoy {

// The number of one class has the metric's name in front: f1_setosa.
EarlyStoppingOptions early_stopping_options(const EvaluateConfig& config) {
  EarlyStoppingOptions options{.watch = config.watch, .min_delta = config.min_delta, .patience = config.patience};
  size_t longest = 0;
  for (const NamedMetric& metric : named_metrics(config.metrics)) {
    const bool meant = config.watch == metric.name || config.watch.starts_with(metric.name + "_");
    if (!meant || metric.name.size() < longest) continue;
    longest = metric.name.size();
    options.more_is_better = metric.metric->more_is_better();
  }
  return options;
}

double watched(const EvaluationMetrics& evaluation, const std::string& watch) {
  for (const auto& [name, value] : evaluation.metrics)
    if (name == watch) return value;
  return evaluation.loss;
}

void EarlyStopping::take_over(const std::optional<BestEvaluation>& state) {
  state_.reset();
  if (state && state->watch == options_.watch) state_ = state;
}

bool EarlyStopping::better(double value) const {
  if (!std::isfinite(value)) return false;
  if (!state_ || state_->step == 0) return true;
  return options_.more_is_better ? value > state_->value + options_.min_delta
                                 : value < state_->value - options_.min_delta;
}

bool EarlyStopping::tell(int64_t step, double value) {
  const bool improved = better(value);
  if (!state_) state_ = BestEvaluation{.watch = options_.watch};
  state_->evaluated_step = step;
  state_->since = improved ? 0 : state_->since + 1;
  if (improved) state_->step = step, state_->value = value;
  return improved;
}

std::string EarlyStopping::why() const {
  if (!state_) return "nothing was evaluated";
  const std::string best = state_->step == 0
                               ? std::string("it never was a number")
                               : fmt::format("the best is {:.6g}, after step {}", state_->value, state_->step);
  return fmt::format("validation {} has not improved in {} evaluation{}: {}", options_.watch, state_->since,
                     state_->since == 1 ? "" : "s", best);
}

}  // namespace convoy
