#include "launcher/progress/progress_observers.h"

#include "launcher/progress/epoch_progress.h"
#include "launcher/progress/final_table.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
int64_t last_step(const Config& config, const RunLength& length) {
  const int64_t stop_at = config.train.stop_at;
  return stop_at > 0 && stop_at < length.steps() ? stop_at : length.steps();
}

std::unique_ptr<TrainingObserver> make_progress(const Config& config, const RunLength& length, WriteLine write_line) {
  if (length.by_epochs()) return std::make_unique<EpochProgress>(config, length, std::move(write_line));
  return std::make_unique<PlainProgress>(config, length, std::move(write_line));
}

std::unique_ptr<TrainingObserver> make_progress(const Config& config, const RunLength& length, Console& console) {
  WriteLine line = [&console](std::string_view text) { console.line(text); };
  if (!console.has_live_line()) return make_progress(config, length, std::move(line));
  if (!length.by_epochs()) return std::make_unique<LiveProgress>(config, length, console);
  return std::make_unique<EpochProgress>(config, length, std::move(line),
                                         [&console](std::string_view text) { console.live(text); });
}

PlainProgress::PlainProgress(const Config& config, const RunLength& length, WriteLine write_line)
    : total_steps_(last_step(config, length)),
      every_steps_(config.log.every_steps),
      time_left_(total_steps_, length),
      best_(config.evaluate),
      write_line_(std::move(write_line)) {}

void PlainProgress::on_step(const StepMetrics& metrics) {
  time_left_.on_step(metrics);
  const bool shown = first_ || metrics.step % every_steps_ == 0 || metrics.step == total_steps_;
  first_ = false;
  if (shown) write_line_(step_text(metrics, total_steps_, time_left_.seconds()));
}

void PlainProgress::on_evaluation(const EvaluationMetrics& metrics) {
  time_left_.on_evaluation(metrics);
  write_line_(evaluation_text(metrics, best_.improved_by(metrics)));
}

void PlainProgress::on_checkpoint(int64_t step, double stall_ms) { write_line_(checkpoint_text(step, stall_ms)); }

void PlainProgress::on_rollback(const RollbackMetrics&) { best_.forget(); }

void PlainProgress::on_final(const FinalMetrics& metrics) { write_line_(final_table(metrics)); }

LiveProgress::LiveProgress(const Config& config, const RunLength& length, Console& console)
    : total_steps_(last_step(config, length)),
      time_left_(total_steps_, length),
      best_(config.evaluate),
      console_(console) {}

void LiveProgress::on_step(const StepMetrics& metrics) {
  time_left_.on_step(metrics);
  const auto now = std::chrono::steady_clock::now();
  if (metrics.step != total_steps_ && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  StepMetrics shown = metrics;  // a speed that jumps with every step cannot be read
  if (time_left_.step_ms() > 0) shown.tokens_per_s *= metrics.step_ms / time_left_.step_ms();
  console_.live(step_text(shown, total_steps_, time_left_.seconds()));
}

void LiveProgress::on_evaluation(const EvaluationMetrics& metrics) {
  time_left_.on_evaluation(metrics);
  console_.line(evaluation_text(metrics, best_.improved_by(metrics)));
}

void LiveProgress::on_checkpoint(int64_t step, double stall_ms) { console_.line(checkpoint_text(step, stall_ms)); }

void LiveProgress::on_rollback(const RollbackMetrics&) { best_.forget(); }

void LiveProgress::on_final(const FinalMetrics& metrics) {
  console_.end_live();
  console_.line(final_table(metrics));
}

}  // namespace convoy
