// Preference pairs with what the loss measures them against: one more field "reference", (2) f32, the log-probabilities
// of the chosen and of the rejected answer under a reference model, which are looked up by the pair's stored number.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/data/dataset.h"

namespace convoy {

class ReferencedPairs final : public Dataset {
 public:
  // pairs: samples that are stored one by one (Dataset::stored_sample).
  explicit ReferencedPairs(std::unique_ptr<Dataset> pairs);

  // Of all pairs of the split, (pairs, 2), in the order of their stored numbers. Before the split is read, by one
  // thread.
  void set(Split split, std::vector<float> log_probabilities);
  bool has(Split split) const { return !of(split).empty(); }
  // Without the reference.
  Dataset& pairs() { return *pairs_; }

  // Throws InternalError for a split whose references are not there.
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;

  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return pairs_->samples(split); }
  std::string identity() const override { return pairs_->identity(); }
  // A pair is one target, and each has one.
  bool every_target_counts() const override { return true; }
  const DatasetFacts& facts() const override { return pairs_->facts(); }
  const std::filesystem::path& folder() const override { return pairs_->folder(); }
  std::unique_ptr<Tokenizer> tokenizer() const override { return pairs_->tokenizer(); }
  std::map<std::string, std::string> files() const override { return pairs_->files(); }
  std::vector<int64_t> class_counts(const std::string& field) const override { return pairs_->class_counts(field); }
  int64_t stored_sample(Split split, int64_t sample) const override { return pairs_->stored_sample(split, sample); }
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override {
    return pairs_->too_few(split, samples, model_is_fixed);
  }

 private:
  const std::vector<float>& of(Split split) const { return log_probabilities_[static_cast<size_t>(split)]; }

  std::unique_ptr<Dataset> pairs_;
  std::vector<BatchField> fields_;
  std::array<std::vector<float>, kSplits.size()> log_probabilities_;  // by Split
};

}  // namespace convoy
