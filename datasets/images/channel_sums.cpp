#include "datasets/images/channel_sums.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace convoy {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kLanes = 48;            // bytes added side by side: whole pixels of 1 or 3 channels
constexpr int64_t kPixels = 1 << 16;  // of so many squares the sum fits 32 bits

struct Lanes {
  uint32_t sums[kLanes] = {}, squares[kLanes] = {};
  uint8_t min[kLanes], max[kLanes] = {};

  Lanes() { std::fill(std::begin(min), std::end(min), uint8_t{255}); }
  void add(const uint8_t* bytes, int count) {
    for (int i = 0; i < count; ++i) {
      const uint32_t value = bytes[i];
      sums[i] += value;
      squares[i] += value * value;
    }
    for (int i = 0; i < count; ++i) {
      min[i] = std::min(min[i], bytes[i]);
      max[i] = std::max(max[i], bytes[i]);
    }
  }
};

}  // namespace

void ChannelSums::add(const uint8_t* pixels, int64_t count, int64_t channels) {
  pixels_ += count;
  for (int64_t begin = 0; begin < count; begin += kPixels) {
    const uint8_t* at = pixels + begin * channels;
    const uint8_t* end = at + std::min(kPixels, count - begin) * channels;
    Lanes lanes;
    for (; end - at >= kLanes; at += kLanes) lanes.add(at, kLanes);
    lanes.add(at, static_cast<int>(end - at));
    for (size_t i = 0; i < kLanes; ++i) {
      Sums& of = sums_[i % static_cast<size_t>(channels)];
      of.sum += lanes.sums[i];
      of.squares += lanes.squares[i];
      of.min = std::min(of.min, lanes.min[i]);
      of.max = std::max(of.max, lanes.max[i]);
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
