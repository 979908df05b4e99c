// Where training samples come from. datasets/ implements it over HDF5 shards.
//
// A pure function of the sample number: sample i of split S is the same on every rank, in every run with the same seed,
// whoever asks and in whatever order. Training samples 0, 1, 2, ... walk through one keyed permutation of the samples
// per epoch (epoch = i / samples_per_epoch); those of the other splits are not permuted.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor/tensor.h"

namespace convoy {

enum class Split { train, validation, test };
inline constexpr std::array kSplits = {Split::train, Split::validation, Split::test};

// As folders and options of the command line have it.
constexpr const char* name_of(Split split) {
  return split == Split::train ? "train" : split == Split::validation ? "validation" : "test";
}

// One field of a batch as the model sees it: (count, shape...).
struct BatchField {
  std::string name;  // "tokens", "targets"; "x", "y"
  DType dtype = DType::i32;
  Shape shape;  // of one sample
};
// The one of that name; null: there is none.
const BatchField* find_field(std::span<const BatchField> fields, std::string_view name);
// "x, y", for messages.
std::string field_names(std::span<const BatchField> fields);

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  virtual const std::vector<BatchField>& fields() const = 0;
  // Samples in one epoch of the split; 0 if the dataset has no such split.
  virtual int64_t samples(Split split) const = 0;
  // Fills one host tensor per field, each (count, shape...), with samples [first, first + count).
  // Thread safe. Throws DataError, naming file and place, if the data is damaged.
  virtual void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) = 0;
  // A name that only sources of the same samples have: checkpoints keep it. Empty: unknown, and never compared.
  virtual std::string identity() const { return {}; }
  // Does every training target count? Where some may be ignored, the ranks tell each other how many count before every
  // update.
  virtual bool every_target_counts() const { return true; }
};

}  // namespace convoy
