// What training changes in a sample before a model sees it, at random and yet the same on any rank. Samples of other
// splits stay as they are.
//
// To add one: a class here, and a line in kinds.cpp.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/config/kind.h"
#include "core/data/augment/sample_random.h"
#include "core/data/dataset.h"

namespace convoy {

// A sample in host memory, changed in place.
struct AugmentedSample {
  std::span<const Tensor> fields;  // all of it, without the extent of the batch
  size_t field = 0;                // which one is changed
  const FieldFacts& facts;         // of that one
  std::vector<std::byte>& scratch;
  // The fields of another sample of the same epoch, drawn by that number in [0, 1); good until the next call.
  std::function<std::span<const Tensor>(float)> other;

  const Tensor& x() const { return fields[field]; }
  // The field as it was before it is changed.
  Tensor copy() const;
};

class Augmentation {
 public:
  virtual ~Augmentation() = default;
  void describe(Keys& keys);
  virtual std::unique_ptr<Augmentation> clone() const = 0;

  // Why it cannot change such a field: "is of pictures, ..."; empty: it can.
  virtual std::string complaint(const BatchField& of) const = 0;
  virtual void apply(const AugmentedSample& sample, SampleRandom& random) const = 0;

  std::string field;  // whose name it is; empty: x

 protected:
  virtual void describe_own(Keys& keys) = 0;
};

using AugmentationKind = KindOf<Augmentation>;
using AugmentationChoice = ChoiceOf<Augmentation>;

}  // namespace convoy
