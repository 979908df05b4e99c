// Mean, deviation and range of each channel over any number of pictures, exactly: sums of whole numbers, in any order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/images/image.h"

namespace convoy {

class ChannelSums {
 public:
  // pixels: rows of 1 or 3 channels.
  void add(const uint8_t* pixels, int64_t count, int64_t channels);
  void add(const ChannelSums& other);

  // "grey", or "red", "green", "blue"; without statistics where nothing was added.
  std::vector<Column> channels(int64_t count) const;

 private:
  struct Sums {
    uint64_t sum = 0, squares = 0;
    uint8_t min = 255, max = 0;
  };
  int64_t pixels_ = 0;
  std::array<Sums, 3> sums_{};
};

}  // namespace convoy
