// A BatchSource of made-up token windows: sample i is a function of i alone, with structure that a model can learn.
#pragma once

#include "core/data/batch_source.h"

namespace convoy::test {

class MemorySource final : public BatchSource {
 public:
  MemorySource(int64_t T, int64_t vocabulary);

  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return split == Split::train ? 100000 : 64; }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;

 private:
  int64_t T_, vocabulary_;
  std::vector<BatchField> fields_;
};

}  // namespace convoy::test
