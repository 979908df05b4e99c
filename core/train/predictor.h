// A trained model's outputs for samples that are read once, in order, a few micro-batches ahead of the device.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/data/prediction_input.h"
#include "core/device/device.h"
#include "core/device/stream.h"
#include "core/train/model.h"

namespace convoy {

class Predictor {
 public:
  struct Parts {
    Device& device;
    Stream& compute;
    Model& model;  // its graph has an output "predictions"
    PredictionInput& input;
    int64_t micro_batch = 1;
  };
  // Throws ConfigError if the model tells no predictions, DataError if it reads what the input does not give.
  explicit Predictor(const Parts& parts);

  // The fields that predictions are computed of. Throws ConfigError if the model tells none.
  static std::vector<std::string> fields_read(const Graph& graph);

  // outputs: of each usable row, in order, outputs_per_sample() numbers as they come from the model.
  using Take = std::function<void(std::span<const InputRow> rows, std::span<const float> outputs)>;
  // All of the input. Throws what reading throws, once what was read before has been taken.
  void run(const Take& take);

  int64_t outputs_per_sample() const { return outputs_; }

 private:
  struct Batch {
    std::vector<Tensor> fields;
    std::vector<InputRow> rows;
    int64_t samples = 0;
  };
  class ReadAhead;

  void compute(const Batch& batch, std::vector<float>& outputs);

  Parts p_;
  int64_t outputs_ = 1;
  std::vector<Tensor> inputs_;  // of the program: the input's fields, then what no prediction depends on
  std::vector<Tensor> zeros_;   // on the host: what these are given
  std::vector<Batch> batches_;  // that are read ahead
  Tensor predictions_, on_host_;
  Memory memory_;
};

}  // namespace convoy
