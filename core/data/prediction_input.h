// What `predict` is asked about: samples that come once, in order, from a table, images or arrays. datasets/ implements
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

// One thing that a prediction is wanted of: a row of a table, an image.
struct InputRow {
  bool usable = true;  // false: no sample can be made of it, and it gets no prediction
  std::string kept;    // cells that the output repeats of it, as CSV has them
};

class PredictionInput {
 public:
  virtual ~PredictionInput() = default;

  // Those that it fills: all that the model reads but the target.
  virtual const std::vector<BatchField>& fields() const = 0;
  // Names of the cells of InputRow::kept.
  virtual const std::vector<std::string>& kept_columns() const = 0;
  // Fills the tensors, one for each field, (count, shape...), with the next samples, and appends all rows that it came
  // by, of which the usable ones are these samples. Returns how many; fewer than count: these are the last. From one
  // thread at a time. Throws DataError, naming file and place.
  virtual int64_t read(int64_t count, std::span<const Tensor> out, std::vector<InputRow>& rows) = 0;
  // When all is read: what may not be what was meant, such as rows that were of no use.
  virtual std::vector<std::string> notes() const = 0;
};

}  // namespace convoy
