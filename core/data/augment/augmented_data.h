// A dataset whose training samples are changed by augmentations, one after the other. Every change is a function of the
// run's seed, the sample's number in the whole run (which says its epoch) and the place in the list: the same for any
// number of ranks, after a resume, and in a replay.
#pragma once

#include <memory>
#include <vector>

#include "core/data/augment/augmentation.h"
#include "core/data/dataset.h"

namespace convoy {

class AugmentedData final : public Dataset {
 public:
  // Throws ConfigError if one cannot change its field.
  AugmentedData(std::unique_ptr<Dataset> data, const std::vector<AugmentationChoice>& augmentations, uint64_t seed);

  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;

  const std::vector<BatchField>& fields() const override { return data_->fields(); }
  int64_t samples(Split split) const override { return data_->samples(split); }
  std::string identity() const override { return data_->identity(); }
  bool every_target_counts() const override { return data_->every_target_counts(); }
  const DatasetFacts& facts() const override { return data_->facts(); }
  const std::filesystem::path& folder() const override { return data_->folder(); }
  std::unique_ptr<Tokenizer> tokenizer() const override { return data_->tokenizer(); }
  std::map<std::string, std::string> files() const override { return data_->files(); }
  std::vector<int64_t> class_counts(const std::string& field) const override { return data_->class_counts(field); }
  int64_t stored_sample(Split split, int64_t sample) const override { return data_->stored_sample(split, sample); }
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override {
    return data_->too_few(split, samples, model_is_fixed);
  }

 private:
  struct Step {
    AugmentationChoice augmentation;
    size_t field;
  };
  class Batch;

  std::unique_ptr<Dataset> data_;
  std::vector<Step> steps_;
  uint64_t seed_;
};

}  // namespace convoy
