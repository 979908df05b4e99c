// What a manifest tells of the numbers in a field: of samples of one dimension each element's mean, deviation and
// range, of others those of each channel, their last extent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"
#include "datasets/images/channel_sums.h"
#include "datasets/table/column_statistics.h"

namespace convoy {

class FieldStatistics {
 public:
  // Integers but bytes, which are labels or categories, have none, nor has a field of more than 4096 columns.
  explicit FieldStatistics(const StoredField& field);

  // Whole rows, as they are stored. Of the training split alone.
  void add(std::span<const std::byte> rows);
  // Writes what it knows into columns or channels; columns that have names keep them.
  void tell(StoredField& field) const;

 private:
  bool is_image_ = false;
  StoredType type_;
  int64_t columns_ = 0;  // 0: no statistics
  ChannelSums sums_;
  StatisticsOfColumns statistics_;
  std::vector<float> numbers_;  // of the rows being added
};

}  // namespace convoy
