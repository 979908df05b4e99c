// Which samples are trained on and which are kept back: by fraction and seed, of each class alike.
//
// A pure function of the seed, the sample's class and its number among the samples of that class, in the order of the
// data: the same data with the same seed is always dealt out the same. Each class has its share of every split to
// within one sample, a split has its fraction of all samples, rounded, and a class that has any samples keeps one to
// train on. Where there are no classes, all samples are of one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

// Of the samples. 0: no such split.
struct SplitFractions {
  double validation = 0.1, test = 0;
};

// Throws ConfigError if they leave nothing to train on, in the words of --validation and --test.
void check_fractions(const SplitFractions& fractions);

// Samples of a class, by Split.
using SplitCounts = std::array<int64_t, kSplits.size()>;

class SplitSamples {
 public:
  // class_samples: how many there are of each class.
  SplitSamples(std::vector<int64_t> class_samples, const SplitFractions& fractions, uint64_t seed);

  // index: of the sample among those of its class, from 0.
  Split operator()(int64_t class_number, int64_t index) const;
  // By class.
  const std::vector<SplitCounts>& counts() const { return counts_; }

 private:
  void keep_back(Split split, double fraction);
  void mark_kept_back(size_t class_number, uint64_t seed);

  std::vector<int64_t> class_samples_;
  std::vector<SplitCounts> counts_;
  std::vector<std::vector<uint8_t>> splits_;  // by class and sample; of a class that keeps nothing back: empty
};

// All at once. classes: of each sample, from 0.
std::vector<Split> split_samples(std::span<const int32_t> classes, const SplitFractions& fractions, uint64_t seed);

// A table of how many samples of each class are where, for people; of many classes the first and the rarest.
std::string class_balance(const std::vector<std::string>& classes, const std::vector<SplitCounts>& counts);

// What classes lack: of which no sample is trained on, and which a split that has others has none of.
std::vector<std::string> notes_on_classes(const std::vector<std::string>& classes,
                                          const std::vector<SplitCounts>& counts);

}  // namespace convoy
