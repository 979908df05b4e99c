// Scalars as TensorBoard reads them: a TFRecord file of Event messages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/metrics/record_file.h"
#include "core/metrics/training_events.h"

namespace convoy {

// One record: length, masked CRC-32C of the length, data, masked CRC-32C of the data.
std::string tfrecord(std::string_view data);

class TensorBoardFile final : public TrainingObserver {
 public:
  // Makes events.out.tfevents.TIME.HOST.PID in `folder`; each start has its own file. One that resumes tells
  // TensorBoard to forget the steps after `resumed_step` (0: from the start) that an earlier start wrote. Throws
  // FileError.
  TensorBoardFile(const std::filesystem::path& folder, int64_t resumed_step);

  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_final(const FinalMetrics& metrics) override;
  void on_rollback(const RollbackMetrics& metrics) override;

 private:
  void forget_after(int64_t step);

  RecordFile file_;
};

}  // namespace convoy
