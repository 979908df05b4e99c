#include "core/metrics/metric_kinds.h"

#include "core/metrics/auc.h"
#include "core/metrics/class_counts.h"
#include "core/metrics/class_metrics.h"
#include "core/metrics/number_metrics.h"
#include "core/metrics/reward_metrics.h"

namespace convoy {

std::span<const MetricKind> metric_kinds() {
  static constexpr MetricKind kMetrics[] = {
      {"accuracy",
       "share of rows whose likeliest class is the wanted one; of pairs whose chosen answer has the larger reward",
       make_maker<Accuracy>},
      {"auc", "area under the ROC curve; of several classes the mean of each against the rest", make_maker<Auc>},
      {"chosen_reward", "mean reward of the chosen answers of pairs", make_maker<ChosenReward>},
      {"confusion_matrix", "how often each class was taken for each", make_maker<ConfusionMatrix>},
      {"f1", "harmonic mean of precision and recall", make_maker<F1>},
      {"mae", "mean absolute error", make_maker<MeanAbsoluteError>},
      {"perplexity", "e to the mean loss", make_maker<Perplexity>},
      {"precision", "share of what was taken for a class that is of it", make_maker<PrecisionScore>},
      {"r2", "share of the targets' variance that is explained", make_maker<R2>},
      {"recall", "share of what is of a class that was taken for it", make_maker<Recall>},
      {"rejected_reward", "mean reward of the rejected answers of pairs", make_maker<RejectedReward>},
      {"reward_margin", "mean of how much larger the chosen answer's reward is", make_maker<RewardMargin>},
      {"rmse", "root of the mean squared error", make_maker<RootMeanSquaredError>},
      {"top_k", "share of rows whose wanted class is among the k likeliest", make_maker<TopK>},
  };
  return kMetrics;
}

}  // namespace convoy
