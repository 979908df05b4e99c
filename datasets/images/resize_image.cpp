#include "datasets/images/resize_image.h"

#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

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
void set_taps(int64_t i, int64_t in, int64_t out, Taps& taps, std::vector<int64_t>& numerators) {
  const int64_t reach = 2 * std::max(in, out), centre = (2 * i + 1) * in;
  const auto numerator = [&](int64_t x) { return reach - std::abs((2 * x + 1) * out - centre); };
  taps.first = std::max<int64_t>(0, (centre - reach) / (2 * out) - 1);
  while (numerator(taps.first) <= 0) ++taps.first;
  int64_t sum = 0;
  numerators.clear();
  for (int64_t x = taps.first; x < in && numerator(x) > 0; ++x) {
    numerators.push_back(numerator(x));
    sum += numerators.back();
  }
  // Rounded so that they add up exactly: each takes what the ones before it left.
  const bool is_narrow = sum < int64_t{1} << (62 - kWeightBits);
  int64_t before = 0, given = 0;
  taps.weights.clear();
  for (const int64_t weight : numerators) {
    before += weight;
    const auto so_far = is_narrow
                            ? (before << kWeightBits) / sum
                            : static_cast<int64_t>(static_cast<WideSigned>(before) * (int64_t{1} << kWeightBits) / sum);
    taps.weights.push_back(static_cast<int32_t>(so_far - given));
    given = so_far;
  }
}

uint8_t rounded(int32_t sum) { return static_cast<uint8_t>(sum >> kWeightBits); }

// Memory that is written before it is read, with room to read a vector at any byte of it.
class Bytes {
 public:
  static constexpr int64_t kReadBehind = 32;
  explicit Bytes(int64_t count)
      : bytes_(std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(count + kReadBehind))) {}
  uint8_t* data() { return bytes_.get(); }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
};

// 32 bytes beside each other, each the sum of those below it. stride: bytes from one row to the next.
void sum_rows(const uint8_t* from, int64_t stride, const std::vector<int32_t>& weights, uint8_t* to) {
  __m256i sums[4];
  for (__m256i& sum : sums) sum = _mm256_set1_epi32(kHalf);
  for (const int32_t of_row : weights) {
    const __m256i weight = _mm256_set1_epi32(of_row);
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 8 * i));
      sums[i] = _mm256_add_epi32(sums[i], _mm256_mullo_epi32(weight, _mm256_cvtepu8_epi32(bytes)));
    }
    from += stride;
  }
  for (__m256i& sum : sums) sum = _mm256_srli_epi32(sum, kWeightBits);
  const __m256i low = _mm256_packus_epi32(sums[0], sums[1]), high = _mm256_packus_epi32(sums[2], sums[3]);
  // Packing works in halves of a register: its groups of four bytes come out as 0 2 4 6 1 3 5 7.
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
}

// Along columns, to `height` rows without gaps.
void resize_rows(const Image& image, const ImagePart& part, int64_t height, uint8_t* to) {
  const int64_t bytes = part.width * image.channels;
  Taps taps;
  std::vector<int64_t> numerators;
  for (int64_t y = 0; y < height; ++y, to += bytes) {
    set_taps(y, part.height, height, taps, numerators);
    const uint8_t* from = image.row(part.top + taps.first) + part.left * image.channels;
    int64_t i = 0;
    for (; i + 32 <= bytes; i += 32) sum_rows(from + i, image.row_bytes(), taps.weights, to + i);
    for (; i < bytes; ++i) {
      int32_t sum = kHalf;
      for (size_t k = 0; k < taps.weights.size(); ++k)
        sum += taps.weights[k] * from[static_cast<int64_t>(k) * image.row_bytes() + i];
      to[i] = rounded(sum);
    }
  }
}

// A pixel of C channels in each of R rows, at `to`; reads four bytes for each pixel. Rows share the loop over weights,
// whose length no branch predictor knows. strides: bytes from one row to the next.
template <int C, int R>
void sum_columns(const uint8_t* from, int64_t stride, const std::vector<int32_t>& weights, uint8_t* to,
                 int64_t to_stride) {
  __m128i sums[R];
  for (__m128i& sum : sums) sum = _mm_set1_epi32(kHalf);
  for (const int32_t of_column : weights) {
    const __m128i weight = _mm_set1_epi32(of_column);
    for (int r = 0; r < R; ++r) {
      int32_t bytes = 0;
      std::memcpy(&bytes, from + r * stride, sizeof bytes);
      const __m128i pixel = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
      sums[r] = _mm_add_epi32(sums[r], _mm_mullo_epi32(pixel, weight));
    }
    from += C;
  }
  for (int r = 0; r < R; ++r) {
    const __m128i words = _mm_packus_epi32(_mm_srli_epi32(sums[r], kWeightBits), _mm_setzero_si128());
    const int32_t packed = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(to + r * to_stride, &packed, C);
  }
}

template <int C>
void resize_columns(const uint8_t* rows, int64_t width, Image& out) {
  constexpr int kRows = 8;
  std::vector<Taps> taps(static_cast<size_t>(out.width));
  std::vector<int64_t> numerators;
  for (int64_t i = 0; i < out.width; ++i) set_taps(i, width, out.width, taps[static_cast<size_t>(i)], numerators);
  const int64_t stride = width * C;
  for (int64_t y = 0; y < out.height;) {
    const bool many = y + kRows <= out.height;
    uint8_t* to = out.row(y);
    for (const Taps& of : taps) {
      const uint8_t* from = rows + y * stride + of.first * C;
      many ? sum_columns<C, kRows>(from, stride, of.weights, to, out.row_bytes())
           : sum_columns<C, 1>(from, stride, of.weights, to, out.row_bytes());
      to += C;
    }
    y += many ? kRows : 1;
  }
}

}  // namespace

Image resize_part(const Image& image, const ImagePart& part, int64_t height, int64_t width) {
  Image out(height, width, image.channels);
  if (width == part.width) {
    resize_rows(image, part, height, out.bytes.data());
    return out;
  }
  Bytes rows(height * part.width * image.channels);
  resize_rows(image, part, height, rows.data());
  if (image.channels == 1)
    resize_columns<1>(rows.data(), part.width, out);
  else
    resize_columns<3>(rows.data(), part.width, out);
  return out;
}

}  // namespace convoy
