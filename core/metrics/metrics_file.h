// metrics.jsonl: one JSON object a line. A step has step, loss, lr, grad_norm, tokens, step_ms, tokens_per_s,
// data_wait_ms, comm_exposed_ms, mfu (0: unknown) and memory_bytes, and skipped_steps and rollbacks once there were
// any; an evaluation has step, eval_loss, eval_tokens and eval_ms; a rollback, behind the lines of the step that it
// went back to, has step, rollback_from (the step of the spike), rollback_loss, samples and rollbacks; a change of the
// data, behind the lines of the last step before it, has step, data_before and data; the end of a run has step,
// final_step (of the weights) and SPLIT_loss, SPLIT_samples (or tokens), SPLIT_ms and SPLIT_METRIC. Lines of a run that
// counts epochs have epoch too. Numbers are written so that they
// read back with the same bits; NaN and infinities, which JSON lacks, as null.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/metrics/record_file.h"
#include "core/metrics/training_events.h"

namespace convoy {

std::string metrics_line(const StepMetrics& metrics);  // with the newline
std::string metrics_line(const EvaluationMetrics& metrics);
std::string metrics_line(const RollbackMetrics& metrics);
std::string metrics_line(const DataChangeMetrics& metrics);
std::string metrics_line(const FinalMetrics& metrics);

struct MetricsHistory {
  std::vector<StepMetrics> steps;
  std::vector<EvaluationMetrics> evaluations;
  std::vector<RollbackMetrics> rollbacks;       // whose steps are not undone by a later one
  std::vector<DataChangeMetrics> data_changes;  // of several after one step the last holds
  std::optional<FinalMetrics> final;            // of the run, if it has ended with one

  // The data of a step, if a change tells it; else `otherwise`.
  const std::string& data_of(int64_t step, const std::string& otherwise) const;
};

// Of a text of such lines. Lines that are no such object (torn by a crash) are left out; null reads as NaN.
MetricsHistory parse_metrics(std::string_view text);
MetricsHistory read_metrics(const std::filesystem::path& path);  // throws FileError

// Appends a line for each step and evaluation, whole lines only; see RecordFile for full disks. A rollback cuts off the
// lines of the steps that it undoes: each step is there once, in order.
class MetricsFile final : public TrainingObserver {
 public:
  // Goes on after `resumed_step` (0: from the start) and so many rollbacks: lines of later ones and torn ones are
  // removed first. Throws FileError.
  MetricsFile(const std::filesystem::path& path, int64_t resumed_step, int64_t rollbacks = 0);

  void on_step(const StepMetrics& metrics) override { file_.append(metrics_line(metrics)); }
  void on_evaluation(const EvaluationMetrics& metrics) override { file_.append(metrics_line(metrics)); }
  void on_rollback(const RollbackMetrics& metrics) override;
  void on_data_change(const DataChangeMetrics& metrics) override { file_.append(metrics_line(metrics)); }
  void on_final(const FinalMetrics& metrics) override { file_.append(metrics_line(metrics)); }

 private:
  RecordFile file_;
};

}  // namespace convoy
