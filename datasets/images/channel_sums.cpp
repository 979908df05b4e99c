#include "datasets/images/channel_sums.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace convoy {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int64_t kGroup = 16, kStride = 3 * kGroup;  // bytes: whole pixels of 1 or 3 channels
constexpr int64_t kPixels = 1 << 16;                  // of so many squares the sum fits 32 bits

// Sums of 16 bytes beside each other, and of those kStride bytes behind them, and so on.
struct Lanes {
  alignas(32) std::array<uint32_t, kGroup> sums, squares;
  alignas(16) std::array<uint8_t, kGroup> min, max;
};

Lanes sums_of_lanes(const uint8_t* at, int64_t groups) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i sums[2] = {zero, zero}, squares[2] = {zero, zero};
  __m128i min = _mm_set1_epi8(-1), max = _mm_setzero_si128();
  for (; groups > 0; --groups, at += kStride) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m256i words = _mm256_cvtepu8_epi16(bytes);
    const __m256i halves[2] = {_mm256_unpacklo_epi16(words, zero), _mm256_unpackhi_epi16(words, zero)};
    for (int i = 0; i < 2; ++i) {
      sums[i] = _mm256_add_epi32(sums[i], halves[i]);
      squares[i] = _mm256_add_epi32(squares[i], _mm256_madd_epi16(halves[i], halves[i]));
    }
    min = _mm_min_epu8(min, bytes);
    max = _mm_max_epu8(max, bytes);
  }
  Lanes lanes;
  // Unpacking works in halves of a register: bytes 0 to 3 and 8 to 11 are in the first, the others in the second.
  const auto store = [](const __m256i(&from)[2], uint32_t* to) {
    auto* vectors = reinterpret_cast<__m256i*>(to);
    _mm256_store_si256(vectors, _mm256_permute2x128_si256(from[0], from[1], 0x20));
    _mm256_store_si256(vectors + 1, _mm256_permute2x128_si256(from[0], from[1], 0x31));
  };
  store(sums, lanes.sums.data());
  store(squares, lanes.squares.data());
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes.min.data()), min);
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes.max.data()), max);
  return lanes;
}

}  // namespace

void ChannelSums::add(const uint8_t* pixels, int64_t count, int64_t channels) {
  pixels_ += count;
  for (int64_t begin = 0; begin < count; begin += kPixels) {
    const uint8_t* at = pixels + begin * channels;
    const int64_t bytes = std::min(kPixels, count - begin) * channels, groups = bytes / kStride;
    for (int64_t group = 0; group < 3 && groups > 0; ++group) {
      const Lanes lanes = sums_of_lanes(at + group * kGroup, groups);
      for (size_t i = 0; i < kGroup; ++i) {
        Sums& of = sums_[(static_cast<size_t>(group * kGroup) + i) % static_cast<size_t>(channels)];
        of.sum += lanes.sums[i];
        of.squares += lanes.squares[i];
        of.min = std::min(of.min, lanes.min[i]);
        of.max = std::max(of.max, lanes.max[i]);
      }
    }
    for (int64_t i = groups * kStride; i < bytes; ++i) {
      Sums& of = sums_[static_cast<size_t>(i % channels)];
      of.sum += at[i];
      of.squares += uint64_t{at[i]} * at[i];
      of.min = std::min(of.min, at[i]);
      of.max = std::max(of.max, at[i]);
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
