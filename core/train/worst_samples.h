// The samples of a split on which a model loses most, whoever computed them.
#pragma once

#include <cstddef>
#include <vector>

#include "core/comm/communicator.h"
#include "core/metrics/training_events.h"

namespace convoy {

class WorstSamples {
 public:
  // How many are looked for; the numbers of each one's prediction and target.
  struct Sizes {
    size_t count = 0, prediction = 0, target = 0;
  };
  explicit WorstSamples(const Sizes& sizes) : sizes_(sizes) {}

  // A loss that is no number is the worst of all; of equal losses that of the earlier sample.
  void add(SampleLoss sample);
  // Would it be among them?
  bool takes(int64_t sample, double loss) const;
  // Collective: of all ranks, the worst first.
  std::vector<SampleLoss> gather(Communicator& ranks) const;

 private:
  void unpack(const std::vector<double>& packed);
  std::vector<double> pack() const;

  Sizes sizes_;
  std::vector<SampleLoss> worst_;  // the worst first
};

}  // namespace convoy
