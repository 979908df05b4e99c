#include "launcher/progress/epoch_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "launcher/progress/final_table.h"
#include "launcher/progress/progress_text.h"
#include "launcher/report/chart_numbers.h"

namespace convoy {
namespace {

std::string count_of_epochs(int64_t epoch, int64_t epochs) {
  return fmt::format("epoch {:{}}/{}", epoch, fmt::formatted_size("{}", epochs), epochs);
}

// Small data has epochs of milliseconds.
std::string epoch_time(double ms) {
  if (ms < 950) return fmt::format("{:.0f}ms", ms);
  return ms < 9950 ? fmt::format("{:.1f}s", ms / 1000) : duration_text(ms / 1000);
}

// "[=====>      ]"
std::string bar(double share) {
  constexpr size_t kWidth = 20;
  const auto full = static_cast<size_t>(share * kWidth);
  std::string text(std::min(full, kWidth), '=');
  if (full < kWidth) text += '>';
  text.resize(kWidth, ' ');
  return "[" + text + "]";
}

}  // namespace

EpochProgress::EpochProgress(const Config& config, const RunLength& length, WriteLine write_line, WriteLine live)
    : length_(length),
      last_step_(last_step(config, length)),
      time_left_(last_step_, length),
      write_line_(std::move(write_line)),
      live_(std::move(live)) {}

void EpochProgress::on_step(const StepMetrics& metrics) {
  end_epoch();
  time_left_.on_step(metrics);
  sums_.losses += metrics.loss;
  sums_.ms += metrics.step_ms;
  sums_.counted += metrics.tokens_per_s * metrics.step_ms / 1000;
  ++sums_.steps;
  if (length_.ends_epoch(metrics.step)) ended_ = metrics;
  if (live_) redraw(metrics);
}

void EpochProgress::on_evaluation(const EvaluationMetrics& metrics) {
  time_left_.on_evaluation(metrics);
  evaluated_step_ = metrics.step;
  evaluation_ = losses_text(metrics);
  if (ended_ && ended_->step == metrics.step)
    end_epoch();
  else
    write_line_(fmt::format("eval  step {}: {}", metrics.step, evaluation_));
}

void EpochProgress::on_checkpoint(int64_t step, double stall_ms) {
  end_epoch();
  if (!length_.ends_epoch(step) && step != length_.steps()) write_line_(checkpoint_text(step, stall_ms));
}

void EpochProgress::on_rollback(const RollbackMetrics&) {
  end_epoch();
  sums_ = {};
}

void EpochProgress::on_final(const FinalMetrics& metrics) {
  end_epoch();
  write_line_(final_table(metrics));
}

std::string EpochProgress::numbers(const StepMetrics& metrics) const {
  std::string text = "  loss " + fixed_text(sums_.losses / static_cast<double>(std::max<int64_t>(1, sums_.steps)), 4);
  if (!evaluation_.empty() && (live_ || evaluated_step_ == metrics.step)) text += "  " + evaluation_;
  if (sums_.ms > 0) text += fmt::format("  {} {}/s", count_text(sums_.counted / sums_.ms * 1000), metrics.unit);
  return text;
}

void EpochProgress::end_epoch() {
  if (!ended_) return;
  const StepMetrics last = *std::exchange(ended_, std::nullopt);
  std::string line =
      count_of_epochs(length_.epochs_done(last.step), length_.epochs()) + numbers(last) + "  " + epoch_time(sums_.ms);
  if (time_left_.seconds() >= 0 && last.step < last_step_)
    line += fmt::format("  {} left", duration_text(time_left_.seconds()));
  write_line_(line);
  sums_ = {};
}

void EpochProgress::redraw(const StepMetrics& metrics) {
  const auto now = std::chrono::steady_clock::now();
  if (metrics.step != last_step_ && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const int64_t done = length_.epochs_done(metrics.step), epoch = done + (ended_ ? 0 : 1);
  const double share = ended_ ? 1 : length_.epoch_of(metrics.step) - static_cast<double>(done);
  std::string line = fmt::format("{} {}{}", count_of_epochs(std::min(epoch, length_.epochs()), length_.epochs()),
                                 bar(share), numbers(metrics));
  if (time_left_.seconds() >= 0) line += fmt::format("  {} left", duration_text(time_left_.seconds()));
  live_(line);
}

}  // namespace convoy
