#include "launcher/progress/progress_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace convoy {
namespace {

TEST(DurationText, HasTheTwoLargestUnits) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(59.4), "59s");
  EXPECT_EQ(duration_text(59.6), "1m 00s");
  EXPECT_EQ(duration_text(252), "4m 12s");
  EXPECT_EQ(duration_text(3 * 3600 + 5 * 60 + 59), "3h 05m");
  EXPECT_EQ(duration_text(2 * 86400 + 4 * 3600), "2d 04h");
}

TEST(CountText, HasThreeDigits) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(950), "950");
  EXPECT_EQ(count_text(999.7), "1.00k");
  EXPECT_EQ(count_text(17106), "17.1k");
  EXPECT_EQ(count_text(124.4e6), "124M");
  EXPECT_EQ(count_text(1.558e9), "1.56G");
}

TEST(BytesText, CountsInPowersOf1024) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(26214400), "25.0 MiB");
  EXPECT_EQ(bytes_text(size_t{3} << 29), "1.50 GiB");
}

TEST(StepText, NamesEverythingAPersonWaitsFor) {
  StepMetrics metrics;
  metrics.step = 120;
  metrics.loss = 2.34561;
  metrics.lr = 3e-3;
  metrics.grad_norm = 0.981;
  metrics.tokens_per_s = 17106;
  EXPECT_EQ(step_text(metrics, 2000, 252),
            "step  120/2000  loss 2.3456  lr 3.00e-03  norm 0.98  17.1k tokens/s  4m 12s left");
  EXPECT_EQ(step_text(metrics, 2000, -1), "step  120/2000  loss 2.3456  lr 3.00e-03  norm 0.98  17.1k tokens/s");
}

TEST(EvaluationText, SaysWhetherItIsTheBest) {
  const EvaluationMetrics metrics{200, 1.8123, 25600, 1234};
  EXPECT_EQ(evaluation_text(metrics, true),
            "eval  step 200: validation loss 1.8123, perplexity 6.12, 25.6k tokens in 1.2s  (best so far)");
  EXPECT_EQ(evaluation_text(metrics, false),
            "eval  step 200: validation loss 1.8123, perplexity 6.12, 25.6k tokens in 1.2s");
}

// A run that diverges still tells its progress, in lines that can be read.
TEST(ProgressText, OfAnyNumbers) {
  constexpr double kInf = std::numeric_limits<double>::infinity(), kMax = std::numeric_limits<double>::max();
  for (const double v : {0.0, -1.0, 5e-324, 1e30, kMax, -kMax, kInf, -kInf, std::numeric_limits<double>::quiet_NaN()}) {
    StepMetrics step;
    step.step = INT64_MAX;
    step.loss = step.lr = step.grad_norm = step.tokens_per_s = v;
    EXPECT_LT(step_text(step, INT64_MAX, v).size(), 400u);
    EXPECT_LT(evaluation_text({INT64_MAX, v, INT64_MAX, v}, false).size(), 800u);
    EXPECT_LT(duration_text(v).size(), 30u);
    EXPECT_LT(count_text(v).size(), 400u);
  }
  EXPECT_EQ(count_text(kInf), "inf");
  EXPECT_EQ(duration_text(kInf), "?");
}

TEST(FitColumns, CutsBetweenCharacters) {
  EXPECT_EQ(fit_columns("loss 2.3", 8), "loss 2.3");
  EXPECT_EQ(fit_columns("loss 2.3", 5), "loss…");
  EXPECT_EQ(fit_columns("äöüß", 4), "äöüß");
  EXPECT_EQ(fit_columns("äöüß", 3), "äö…");
  EXPECT_EQ(fit_columns("abc", 0), "");
}

}  // namespace
}  // namespace convoy
