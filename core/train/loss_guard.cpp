#include "core/train/loss_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

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
  state_.skipped_in_a_row = skipped ? state_.skipped_in_a_row + 1 : 0;
  if (skipped) ++state_.skipped_steps;
  if (options_.max_skipped_steps > 0 && state_.skipped_in_a_row >= options_.max_skipped_steps)
    return Finding{Action::stop,
                   fmt::format("steps {} to {} had no finite gradient and changed no weight; at most {} such steps in "
                               "a row are allowed. Look at one with `trainer replay`, lower optimizer.lr, and go on "
                               "with run.resume=must from the last checkpoint",
                               step - state_.skipped_in_a_row + 1, step, options_.max_skipped_steps - 1)};
  if (options_.spike_sigma <= 0 || !std::isfinite(loss)) return std::nullopt;
  std::optional<Finding> finding = spike(step, loss);
  // Oldest first, whatever was resumed in between: sums have the same bits only in the same order.
  std::vector<double>& window = state_.losses;
  window.push_back(loss);
  if (const auto most = static_cast<size_t>(options_.window_steps); window.size() > most)
    window.erase(window.begin(), window.end() - static_cast<std::ptrdiff_t>(most));
  return finding;
}

std::optional<LossGuard::Finding> LossGuard::spike(int64_t step, double loss) const {
  const std::vector<double>& window = state_.losses;
  if (window.size() < static_cast<size_t>(options_.window_steps)) return std::nullopt;
  const auto n = static_cast<double>(window.size());
  double sum = 0, squares = 0;
  for (const double value : window) sum += value;
  const double mean = sum / n;
  for (const double value : window) squares += (value - mean) * (value - mean);
  const double deviation = std::max(std::sqrt(squares / (n - 1)), kLeastRelativeDeviation * std::abs(mean));
  if (loss - mean <= options_.spike_sigma * deviation) return std::nullopt;
  const std::string found = fmt::format(
      "step {}: loss {:.4f} is {:.1f} standard deviations above the mean {:.4f} of the last {} steps; {:.1f} are "
      "allowed",
      step, loss, (loss - mean) / deviation, mean, window.size(), options_.spike_sigma);
  if (!options_.rollback) return Finding{Action::tell, found};
  if (state_.rollbacks < options_.max_rollbacks) return Finding{Action::roll_back, found};
  return Finding{
      Action::stop,
      fmt::format("{}. It would be rollback {}, at most {} are allowed. Look at the step with `trainer replay`, "
                  "lower optimizer.lr or raise guard.max_rollbacks, and go on with run.resume=must from the last "
                  "checkpoint",
                  found, state_.rollbacks + 1, options_.max_rollbacks)};
}

}  // namespace convoy
