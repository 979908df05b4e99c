// Into which files a model's weights are written, and which of them are a rank's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/train/model_plan.h"

namespace convoy {

class WeightFiles {
 public:
  // One file of all weights, by rank 0, if that has at most file_bytes of them; otherwise as many as it takes, of whole
  // parameters in their order, dealt out over the ranks. Of their moving average there are as many, of the same ones.
  WeightFiles(const ModelPlan& model, int rank, int ranks, int64_t file_bytes);

  // Tells the contents what is written where; `weights` are this rank's parameters' in order.
  void tell(CheckpointContents& contents) const;
  // Of the model's layout, that this rank writes, in the order of files.
  const std::vector<int>& parameters() const { return mine_; }
  // Elements of a storage's layout from the first to the last that this rank writes.
  struct Range {
    int64_t begin = 0, end = 0;
  };
  Range range_in(const ParameterLayout& layout) const;

 private:
  const ParameterLayout& all_;
  int files_ = 1;
  std::vector<WeightsPart> parts_;
  std::vector<int> mine_;
  std::string index_, average_index_;  // on rank 0
};

}  // namespace convoy
