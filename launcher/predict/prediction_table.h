// Predictions as CSV: a row for each row of the input.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/prediction_input.h"
#include "core/models/loss.h"

namespace convoy {

// What a model predicts.
struct Predicted {
  std::vector<std::string> classes;  // of the target; empty: it is numbers
  std::vector<std::string> numbers;  // names of these, where there are several
  int64_t outputs = 1;               // of the model, for a sample
};

class PredictionTable {
 public:
  using Write = std::function<void(std::string_view)>;

  // Throws ConfigError if the loss and the target do not go together.
  PredictionTable(const Loss& loss, Predicted predicted, const std::vector<std::string>& kept_columns, Write write);

  // Columns: those that are kept; `prediction`, a class or a number, or `prediction_NAME` for each of several numbers;
  // `probability_NAME` of each class, or `probability` where the target is 0 or 1. Rows without a prediction have empty
  // cells.
  void add(std::span<const InputRow> rows, std::span<const float> outputs);
  // Writes what is left.
  void finish();

 private:
  void write_header(const std::vector<std::string>& kept_columns);
  void add_prediction(std::span<const float> outputs);
  void add_classes(std::span<const float> probabilities);

  const Loss& loss_;
  Predicted predicted_;
  bool has_kept_;
  Write write_;
  size_t columns_ = 0;                    // of a prediction
  std::vector<std::string> class_cells_;  // as they are written
  std::vector<float> told_;
  std::string text_;
};

}  // namespace convoy
