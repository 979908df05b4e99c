#include "datasets/images/resize_image.h"

#include <algorithm>
#include <cstdlib>

namespace convoy {
namespace {

__extension__ using WideSigned = __int128;

constexpr int kWeightBits = 22;
constexpr int32_t kHalf = 1 << (kWeightBits - 1);

// Which pixels of a line of `in` make one of `out`, and by how much; weights add up to 2^22.
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

// Pixel i of the result lies at (2i + 1) in / (2 out); weights are 1 - distance / max(1, in / out), as whole numbers of
// 2 max(in, out).
Taps taps_of(int64_t i, int64_t in, int64_t out) {
  const int64_t reach = 2 * std::max(in, out), centre = (2 * i + 1) * in;
  const auto numerator = [&](int64_t x) { return reach - std::abs((2 * x + 1) * out - centre); };
  Taps taps;
  taps.first = std::max<int64_t>(0, (centre - reach) / (2 * out) - 1);
  while (numerator(taps.first) <= 0) ++taps.first;
  int64_t sum = 0;
  std::vector<int64_t> numerators;
  for (int64_t x = taps.first; x < in && numerator(x) > 0; ++x) {
    numerators.push_back(numerator(x));
    sum += numerators.back();
  }
  // Rounded so that they add up exactly: each takes what the ones before it left.
  int64_t before = 0, given = 0;
  for (const int64_t weight : numerators) {
    before += weight;
    const auto so_far = static_cast<int64_t>(static_cast<WideSigned>(before) * (int64_t{1} << kWeightBits) / sum);
    taps.weights.push_back(static_cast<int32_t>(so_far - given));
    given = so_far;
  }
  return taps;
}

std::vector<Taps> all_taps(int64_t in, int64_t out) {
  std::vector<Taps> taps;
  for (int64_t i = 0; i < out; ++i) taps.push_back(taps_of(i, in, out));
  return taps;
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(sum >> kWeightBits); }

// Along columns: whole rows at once.
void resize_rows(const Image& image, const ImagePart& part, Image& out) {
  const int64_t bytes = part.width * image.channels;
  std::vector<int32_t> sums(static_cast<size_t>(bytes));
  for (int64_t y = 0; y < out.height; ++y) {
    const Taps taps = taps_of(y, part.height, out.height);
    std::fill(sums.begin(), sums.end(), kHalf);
    for (size_t k = 0; k < taps.weights.size(); ++k) {
      const int32_t weight = taps.weights[k];
      const uint8_t* row = image.row(part.top + taps.first + static_cast<int64_t>(k)) + part.left * image.channels;
      for (int64_t i = 0; i < bytes; ++i) sums[static_cast<size_t>(i)] += weight * row[i];
    }
    uint8_t* to = out.row(y);
    for (int64_t i = 0; i < bytes; ++i) to[i] = rounded(sums[static_cast<size_t>(i)]);
  }
}

template <int C>
void resize_columns(const Image& image, Image& out) {
  const std::vector<Taps> taps = all_taps(image.width, out.width);
  for (int64_t y = 0; y < out.height; ++y) {
    const uint8_t* row = image.row(y);
    uint8_t* to = out.row(y);
    for (const Taps& of : taps) {
      int32_t sums[C];
      for (int c = 0; c < C; ++c) sums[c] = kHalf;
      const uint8_t* pixel = row + of.first * C;
      for (const int32_t weight : of.weights)
        for (int c = 0; c < C; ++c) sums[c] += weight * *pixel++;
      for (int c = 0; c < C; ++c) *to++ = rounded(sums[c]);
    }
  }
}

}  // namespace

Image resize_part(const Image& image, const ImagePart& part, int64_t height, int64_t width) {
  Image rows(height, part.width, image.channels), out(height, width, image.channels);
  resize_rows(image, part, rows);
  if (width == part.width) return rows;
  if (image.channels == 1)
    resize_columns<1>(rows, out);
  else
    resize_columns<3>(rows, out);
  return out;
}

}  // namespace convoy
