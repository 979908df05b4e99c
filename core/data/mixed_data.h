// Several datasets as one: training samples are drawn from them in the proportion of their weights.
//
// Training sample i is of the source that lies furthest behind its share of samples 0 to i (of equals the first), and
// there the next: a function of the weights and i, so that any number of ranks, a resume and a replay see the same. The
// pattern repeats after at most kMixPeriod samples, up to which weights are kept apart. Each source walks through its
// own epochs; one of the mixture is as many samples as all sources have together. Other splits are the sources' one
// after the other, each sample once.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset.h"

namespace convoy {

inline constexpr int64_t kMixPeriod = 4096;

class MixPattern {
 public:
  // weights: positive. Throws ConfigError, naming the key, for one so small that its source would get no sample.
  explicit MixPattern(std::span<const double> weights);

  struct Pick {
    size_t source = 0;
    int64_t sample = 0;  // of the source
    bool operator==(const Pick&) const = default;
  };
  Pick operator[](int64_t sample) const;
  int64_t period() const { return static_cast<int64_t>(picks_.size()); }

 private:
  std::vector<Pick> picks_;      // of one period
  std::vector<int64_t> counts_;  // by source: of them
};

struct MixedPart {
  std::unique_ptr<Dataset> data;
  double weight = 1;
};

class MixedData final : public Dataset {
 public:
  // Throws DataError that names two sources if their fields, vocabularies or tokenizers differ.
  explicit MixedData(std::vector<MixedPart> parts);

  const std::vector<BatchField>& fields() const override { return first().fields(); }
  int64_t samples(Split split) const override;
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override;
  std::string identity() const override;
  bool every_target_counts() const override;
  const DatasetFacts& facts() const override { return facts_; }
  const std::filesystem::path& folder() const override { return first().folder(); }
  std::unique_ptr<Tokenizer> tokenizer() const override { return first().tokenizer(); }
  std::map<std::string, std::string> files() const override { return first().files(); }
  std::vector<int64_t> class_counts(const std::string& field) const override;
  std::string too_few(Split split, int64_t samples, bool model_is_fixed) const override;

 private:
  const Dataset& first() const { return *parts_.front().data; }
  // Of another split than that which is trained on.
  MixPattern::Pick stored(Split split, int64_t sample) const;

  std::vector<MixedPart> parts_;
  MixPattern pattern_;
  DatasetFacts facts_;
};

}  // namespace convoy
