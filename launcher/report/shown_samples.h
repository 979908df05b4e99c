// The samples of the validation split that a model does worst on, as a person looks at them: with names, values and
// pictures. A run keeps them as RUN/worst_samples.json, so that its report needs no data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset.h"
#include "core/metrics/training_events.h"

namespace convoy {

struct ShownSample {
  int64_t sample = 0;  // its number in the split
  double loss = 0;
  std::string wanted, predicted;  // classes by their names, with probabilities; or numbers
  std::string values;             // "age 31, height 1.8"; empty where it has a picture or too many
  std::string picture;            // a data URI; empty: it has none
};

struct ShownSamples {
  int64_t step = 0;                  // of the weights
  std::vector<std::string> classes;  // the names of 0, 1, 2, ...
  std::vector<ShownSample> samples;  // the worst first
};

// evaluation: of data's validation split. target: the field that is not shown among the values; class_names: of it.
// Throws DataError if the data cannot be read.
ShownSamples shown_samples(const EvaluationMetrics& evaluation, Dataset& data, const std::string& target,
                           const std::vector<std::string>& class_names);

void write_shown_samples(const std::filesystem::path& file, const ShownSamples& samples);  // throws FileError
// Absent: there is no such file, or another program wrote it.
std::optional<ShownSamples> read_shown_samples(const std::filesystem::path& file);

}  // namespace convoy
