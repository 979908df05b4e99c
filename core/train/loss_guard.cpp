#include "core/train/loss_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace convoy {
namespace {

// A window of equal losses has no deviation; what differs from it by less than this share of it is no spike.
constexpr double kLeastRelativeDeviation = 1e-3;

}  // namespace

LossGuard::LossGuard(const LossGuardOptions& options) : options_(options) {
  if (options.spike_sigma > 0 && options.window_steps < 2)
    throw InternalError(fmt::format("LossGuard: a window of {} steps, at least 2 are wanted", options.window_steps));
}

std::optional<LossGuard::Finding> LossGuard::look(int64_t step, double loss, bool skipped) {
  skipped_in_a_row_ = skipped ? skipped_in_a_row_ + 1 : 0;
  if (options_.max_skipped_steps > 0 && skipped_in_a_row_ >= options_.max_skipped_steps)
    return Finding{
        .stop = true,
        .message = fmt::format("steps {} to {} had no finite gradient and changed no weight; at most {} such "
                               "steps in a row are allowed",
                               step - skipped_in_a_row_ + 1, step, options_.max_skipped_steps - 1)};
  if (options_.spike_sigma <= 0 || !std::isfinite(loss)) return std::nullopt;
  std::optional<Finding> finding = spike(step, loss);
  if (window_.size() < static_cast<size_t>(options_.window_steps))
    window_.push_back(loss);
  else
    window_[next_++ % window_.size()] = loss;
  return finding;
}

std::optional<LossGuard::Finding> LossGuard::spike(int64_t step, double loss) const {
  if (window_.size() < static_cast<size_t>(options_.window_steps)) return std::nullopt;
  const auto n = static_cast<double>(window_.size());
  double sum = 0, squares = 0;
  for (const double value : window_) sum += value;
  const double mean = sum / n;
  for (const double value : window_) squares += (value - mean) * (value - mean);
  const double deviation = std::max(std::sqrt(squares / (n - 1)), kLeastRelativeDeviation * std::abs(mean));
  if (loss - mean <= options_.spike_sigma * deviation) return std::nullopt;
  return Finding{
      .spike = true,
      .message = fmt::format("step {}: loss {:.4f} is {:.1f} standard deviations above the mean {:.4f} of the "
                             "last {} steps; {:.1f} are allowed",
                             step, loss, (loss - mean) / deviation, mean, window_.size(), options_.spike_sigma)};
}

}  // namespace convoy
