#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "launcher/report/chart_numbers.h"
#include "launcher/report/report.h"

namespace convoy {
namespace {

std::string duration(double seconds) {
  if (!(std::abs(seconds) < 1e15)) return fmt::format("{:.4g} s", seconds);  // what no clock has measured
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{:.1f} s", seconds);
}

std::string bytes(double count) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; count >= 1024 && unit + 1 < std::size(kUnits); ++unit) count /= 1024;
  return fmt::format("{:.4g} {}", count, kUnits[unit]);
}

template <class Value>
std::vector<double> finite_values(const std::vector<StepMetrics>& steps, Value&& value) {
  std::vector<double> values;
  for (const StepMetrics& metrics : steps)
    if (std::isfinite(value(metrics))) values.push_back(value(metrics));
  return values;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void add_evaluations(const MetricsHistory& history, Facts& facts) {
  const auto less = [](const EvaluationMetrics& a, const EvaluationMetrics& b) {
    return std::isfinite(a.loss) && (!std::isfinite(b.loss) || a.loss < b.loss);
  };
  const auto best = std::min_element(history.evaluations.begin(), history.evaluations.end(), less);
  if (best == history.evaluations.end()) return;
  facts.emplace_back("validation loss", fixed_text(history.evaluations.back().loss, 4));
  for (const auto& [name, value] : history.evaluations.back().metrics)
    facts.emplace_back("validation " + name, fixed_text(value, 4));
  if (best->step == history.evaluations.back().step) return;
  facts.emplace_back(fmt::format("best, at step {}", best->step), fixed_text(best->loss, 4));
}

}  // namespace

Facts key_facts(const MetricsHistory& history) {
  Facts facts;
  if (history.steps.empty()) return facts;
  const StepMetrics& last = history.steps.back();
  facts.emplace_back("steps", fmt::format("{}", last.step));
  const auto losses = finite_values(history.steps, [](auto& m) { return m.loss; });
  if (!losses.empty()) {
    const size_t count = std::min<size_t>(losses.size(), 50);
    const double mean =
        std::accumulate(losses.end() - static_cast<std::ptrdiff_t>(count), losses.end(), 0.0) / double(count);
    facts.emplace_back(fmt::format("training loss, last {}", count), fixed_text(mean, 4));
  }
  add_evaluations(history, facts);
  facts.emplace_back(last.unit, short_number(double(last.tokens)));
  const auto speeds = finite_values(history.steps, [](auto& m) { return m.tokens_per_s; });
  if (!speeds.empty()) facts.emplace_back(last.unit + "/s, median", short_number(median(speeds)));
  const auto times = finite_values(history.steps, [](auto& m) { return m.step_ms; });
  facts.emplace_back("training time", duration(std::accumulate(times.begin(), times.end(), 0.0) / 1000));
  if (last.mfu > 0) facts.emplace_back("of peak flop/s (MFU)", fmt::format("{}%", fixed_text(last.mfu * 100, 1)));
  if (last.skipped_steps > 0)
    facts.emplace_back("steps without a finite gradient", fmt::format("{}", last.skipped_steps));
  if (!history.rollbacks.empty())
    facts.emplace_back(fmt::format("rollbacks, the last from step {}", history.rollbacks.back().from_step),
                       fmt::format("{}", history.rollbacks.back().rollbacks));
  facts.emplace_back("device memory", bytes(double(last.memory_bytes)));
  return facts;
}

}  // namespace convoy
