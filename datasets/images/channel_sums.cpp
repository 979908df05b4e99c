#include "datasets/images/channel_sums.h"

#include <algorithm>
#include <cmath>

namespace convoy {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

void ChannelSums::add(const uint8_t* pixels, int64_t count, int64_t channels) {
  pixels_ += count;
  for (int64_t c = 0; c < channels; ++c) {
    Sums& of = sums_[static_cast<size_t>(c)];
    for (int64_t begin = 0; begin < count; begin += 1 << 16) {  // of so many squares the sum fits 32 bits
      uint32_t sum = 0, squares = 0;
      uint8_t min = 255, max = 0;
      for (int64_t i = begin; i < std::min<int64_t>(count, begin + (1 << 16)); ++i) {
        const uint8_t value = pixels[i * channels + c];
        sum += value;
        squares += uint32_t{value} * value;
        min = std::min(min, value);
        max = std::max(max, value);
      }
      of.sum += sum;
      of.squares += squares;
      of.min = std::min(of.min, min);
      of.max = std::max(of.max, max);
    }
  }
}

void ChannelSums::add(const ChannelSums& other) {
  pixels_ += other.pixels_;
  for (size_t c = 0; c < sums_.size(); ++c) {
    sums_[c].sum += other.sums_[c].sum;
    sums_[c].squares += other.sums_[c].squares;
    sums_[c].min = std::min(sums_[c].min, other.sums_[c].min);
    sums_[c].max = std::max(sums_[c].max, other.sums_[c].max);
  }
}

std::vector<Column> ChannelSums::channels(int64_t count) const {
  const std::vector<const char*> names = count == 1 ? std::vector{"grey"} : std::vector{"red", "green", "blue"};
  std::vector<Column> columns;
  for (size_t c = 0; c < names.size(); ++c) {
    columns.push_back({names[c], {}});
    if (pixels_ == 0) continue;
    const Sums& of = sums_[c];
    const auto n = static_cast<double>(pixels_);
    // n^2 times the variance, in whole numbers: nothing cancels.
    const auto spread = static_cast<Wide>(pixels_) * of.squares - static_cast<Wide>(of.sum) * of.sum;
    columns.back().statistics =
        ColumnStatistics{static_cast<double>(of.sum) / n, std::sqrt(static_cast<double>(spread)) / n,
                         static_cast<double>(of.min), static_cast<double>(of.max)};
  }
  return columns;
}

}  // namespace convoy
