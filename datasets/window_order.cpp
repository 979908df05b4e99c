#include "datasets/window_order.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "datasets/keyed_permutation.h"

namespace convoy {
namespace {

// Rounds of the permutation take the numbers below.
constexpr uint32_t kOffsetStream = 1000;

// Windows that fit wherever the grid begins: in training it may be shifted by up to T - 1 tokens.
int64_t windows_in(int64_t tokens, int64_t T, Split split) {
  if (tokens < T + 1) return 0;
  if (split != Split::train) return (tokens - 1) / T;
  return std::max<int64_t>(1, tokens / T - 1);
}

// How unevenly multiples of stride / size fall: the largest partial quotient of its continued fraction (Niederreiter,
// "Random number generation and quasi-Monte Carlo methods", 1992, section 3.1). A common divisor is worst of all.
int64_t unevenness(int64_t stride, int64_t size) {
  int64_t largest = 0;
  while (stride > 0) {
    largest = std::max(largest, size / stride);
    size = std::exchange(stride, size % stride);
  }
  return size == 1 ? largest : std::numeric_limits<int64_t>::max();
}

// The most even of the strides near the golden ratio, which is the most even of all but seldom a whole number.
int64_t golden_stride(int64_t size) {
  constexpr int64_t kSearched = 500;
  const auto golden = static_cast<int64_t>(0.6180339887498949 * static_cast<double>(size));
  int64_t best = 1;
  for (int64_t stride = std::max<int64_t>(1, golden - kSearched); stride < std::min(size, golden + kSearched); ++stride)
    if (unevenness(stride, size) < unevenness(best, size)) best = stride;
  return best;
}

int64_t multiply_modulo(int64_t a, int64_t b, int64_t modulus) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<int64_t>(static_cast<Wide>(a) * static_cast<Wide>(b) % static_cast<Wide>(modulus));
}

}  // namespace

int64_t count_windows(Split split, const std::vector<int64_t>& shard_tokens, int64_t T) {
  int64_t count = 0;
  for (const int64_t tokens : shard_tokens) count += windows_in(tokens, T, split);
  return count;
}

WindowOrder::WindowOrder(Split split, std::vector<int64_t> shard_tokens, int64_t T, uint64_t seed)
    : split_(split), shard_tokens_(std::move(shard_tokens)), T_(T), seed_(seed), first_{0} {
  for (const int64_t tokens : shard_tokens_) first_.push_back(first_.back() + windows_in(tokens, T, split));
  if (split != Split::train && samples() > 0) even_stride_ = golden_stride(samples());
}

Window WindowOrder::operator[](int64_t sample) const {
  const int64_t index = sample % samples();
  if (split_ != Split::train) return locate(multiply_modulo(index, even_stride_, samples()));
  const auto epoch = static_cast<uint64_t>(sample / samples());
  Window window = locate(KeyedPermutation(seed_, epoch, samples())(index));
  window.begin += training_offset(window.shard, epoch);
  return window;
}

Window WindowOrder::locate(int64_t window) const {
  const auto behind = std::upper_bound(first_.begin(), first_.end(), window);
  const auto shard = static_cast<size_t>(behind - first_.begin()) - 1;
  return {shard, (window - first_[shard]) * T_};
}

int64_t WindowOrder::training_offset(size_t shard, uint64_t epoch) const {
  const int64_t windows = first_[shard + 1] - first_[shard];
  const int64_t choices = std::min(T_, shard_tokens_[shard] - windows * T_);
  const PhiloxCounter counter = {static_cast<uint32_t>(shard), random_stream(RandomSite::data_order, kOffsetStream),
                                 static_cast<uint32_t>(epoch), static_cast<uint32_t>(epoch >> 32)};
  return philox(philox_key(seed_), counter)[0] % choices;
}

}  // namespace convoy
