// What a report shows of evaluations, as parts of its page.
#pragma once

#include <string>
#include <vector>

#include "core/metrics/metrics_file.h"
#include "launcher/report/shown_samples.h"

namespace convoy {

// What charts have below them: steps, or epochs where the run counts them.
struct RunAxis {
  std::string name = "step";
  bool by_epochs = false;
  explicit RunAxis(const MetricsHistory& history);
  template <class Metrics>
  double of(const Metrics& metrics) const {
    return by_epochs ? metrics.epoch : static_cast<double>(metrics.step);
  }
};

// A chart for each number that evaluations give; empty: they give none.
std::string metric_charts(const MetricsHistory& history);
// The table at the end of a run; empty: it has none.
std::string final_card(const MetricsHistory& history);
// Matrices of the end of the run or else of the last evaluation, coloured by the share of their row.
std::string matrix_cards(const MetricsHistory& history, const std::vector<std::string>& classes);
std::string samples_card(const ShownSamples& samples);

}  // namespace convoy
