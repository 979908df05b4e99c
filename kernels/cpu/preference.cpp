#include "core/ops/preference.h"

#include <algorithm>
#include <cmath>

#include "core/base/bf16.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

// log sigmoid(x), also far out.
double log_sigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::abs(x))); }

// Of one answer, which is told.
double reward_of(const PreferenceLoss& args, int64_t row) {
  const int64_t T = args.token_losses.elements() / args.slopes.elements();
  const float* losses = args.token_losses.as<float>() + row * T;
  double sum = 0;
  for (int64_t t = 0; t < T; ++t) sum += static_cast<double>(losses[t]);
  const auto log_p = static_cast<float>(-sum);
  const double gained = static_cast<double>(log_p) - static_cast<double>(args.reference.as<float>()[row]);
  const double reward = static_cast<double>(args.beta) * gained;
  args.log_probabilities.as<float>()[row] = log_p;
  args.rewards.as<float>()[row] = static_cast<float>(reward);
  return reward;
}

template <class Real>
void scale_rows_in(const ScaleRows& args, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1];
  for (int64_t row = begin; row < end; ++row) {
    const float factor = args.factors.as<float>()[(args.first_row + row) / args.rows_each];
    Real* x = args.x.as<Real>() + row * C;
    for (int64_t c = 0; c < C; ++c) x[c] = Real(static_cast<float>(x[c]) * factor);
  }
}

}  // namespace

void preference_loss(Stream& stream, const PreferenceLoss& args) {
  enqueue(stream, [args] {
    parallel_for(args.losses.elements(), [&](int64_t pair) {
      const double margin = reward_of(args, 2 * pair) - reward_of(args, 2 * pair + 1);
      const auto beta = static_cast<double>(args.beta), smoothing = static_cast<double>(args.label_smoothing);
      args.losses.as<float>()[pair] =
          static_cast<float>(-(1 - smoothing) * log_sigmoid(margin) - smoothing * log_sigmoid(-margin));
      // d loss / d margin, and a token loss of the chosen answer lowers the margin.
      const double by_margin = smoothing - std::exp(log_sigmoid(-margin));
      const auto slope = static_cast<float>(-by_margin * beta * static_cast<double>(args.scale));
      args.slopes.as<float>()[2 * pair] = slope;
      args.slopes.as<float>()[2 * pair + 1] = -slope;
    });
  });
}

void scale_rows(Stream& stream, const ScaleRows& args) {
  enqueue(stream, [args] {
    for_rows(args.x.elements() / args.x.shape[-1], args.x.shape[-1], [&](int64_t begin, int64_t end) {
      if (args.x.dtype == DType::bf16)
        scale_rows_in<bf16>(args, begin, end);
      else
        scale_rows_in<float>(args, begin, end);
    });
  });
}

}  // namespace convoy::cpu
