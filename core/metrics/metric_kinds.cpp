#include "core/metrics/metric_kinds.h"

#include "core/metrics/class_metrics.h"
#include "core/metrics/number_metrics.h"

namespace convoy {

std::span<const MetricKind> metric_kinds() {
  static constexpr MetricKind kMetrics[] = {
      {"accuracy", "share of rows whose likeliest class is the wanted one", make_maker<Accuracy>},
      {"f1", "harmonic mean of precision and recall", make_maker<F1>},
      {"mae", "mean absolute error", make_maker<MeanAbsoluteError>},
      {"perplexity", "e to the mean loss", make_maker<Perplexity>},
      {"r2", "share of the targets' variance that is explained", make_maker<R2>},
      {"rmse", "root of the mean squared error", make_maker<RootMeanSquaredError>},
  };
  return kMetrics;
}

}  // namespace convoy
