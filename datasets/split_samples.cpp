#include "datasets/split_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/error.h"
#include "datasets/keyed_permutation.h"

namespace convoy {
namespace {

// Far from the epochs of the training order, which the same seed may key.
constexpr uint64_t kFirstSplitEpoch = uint64_t{1} << 63;
constexpr int64_t kPiecePlaces = 1 << 14;  // found at a time

int64_t& count_of(SplitCounts& counts, Split split) { return counts[static_cast<size_t>(split)]; }

}  // namespace

void check_fractions(const SplitFractions& fractions) {
  for (const auto& [name, value] : {std::pair{"--validation", fractions.validation}, {"--test", fractions.test}})
    if (!(value >= 0 && value < 1))
      throw ConfigError(fmt::format("{} {}: wanted a fraction from 0 up to, not including, 1", name, value));
  if (fractions.validation + fractions.test >= 1)
    throw ConfigError(fmt::format("--validation {} and --test {} leave nothing to train on; lower one of them",
                                  fractions.validation, fractions.test));
}

SplitSamples::SplitSamples(std::vector<int64_t> class_samples, const SplitFractions& fractions, uint64_t seed)
    : class_samples_(std::move(class_samples)), splits_(class_samples_.size()) {
  for (const int64_t samples : class_samples_) counts_.push_back({samples, 0, 0});
  keep_back(Split::test, fractions.test);
  keep_back(Split::validation, fractions.validation);
  for (size_t c = 0; c < class_samples_.size(); ++c) mark_kept_back(c, seed);
}

// Whole samples first; what is left of the split's number goes to the classes that were cut shortest.
void SplitSamples::keep_back(Split split, double fraction) {
  const int64_t all = std::accumulate(class_samples_.begin(), class_samples_.end(), int64_t{0});
  int64_t wanted = std::llround(fraction * static_cast<double>(all));
  std::vector<std::pair<double, size_t>> cut;  // what a class was cut by, negative so that the most comes first
  const auto take = [&](size_t c, int64_t samples) {
    samples = std::clamp<int64_t>(samples, 0, std::min(wanted, count_of(counts_[c], Split::train) - 1));
    count_of(counts_[c], Split::train) -= samples;
    count_of(counts_[c], split) += samples;
    wanted -= samples;
  };
  for (size_t c = 0; c < class_samples_.size(); ++c) {
    if (class_samples_[c] == 0) continue;
    const double share = fraction * static_cast<double>(class_samples_[c]), whole = std::floor(share);
    take(c, static_cast<int64_t>(whole));
    if (share > whole) cut.emplace_back(whole - share, c);
  }
  std::sort(cut.begin(), cut.end());
  for (const auto& [by, c] : cut) take(c, 1);
}

// The first places of the permutation are the test split's, those behind them the validation split's. What is kept back
// are few samples: they are found from their places, not the place of every sample.
void SplitSamples::mark_kept_back(size_t class_number, uint64_t seed) {
  const int64_t test = count_of(counts_[class_number], Split::test),
                kept_back = test + count_of(counts_[class_number], Split::validation);
  if (kept_back == 0) return;
  const int64_t samples = class_samples_[class_number];
  std::vector<uint8_t>& splits = splits_[class_number];
  splits.assign(static_cast<size_t>(samples), static_cast<uint8_t>(Split::train));
  const KeyedPermutation permutation(seed, kFirstSplitEpoch + class_number, samples);
  std::vector<int64_t> piece;
  for (int64_t begin = 0; begin < kept_back; begin += kPiecePlaces) {
    piece.resize(static_cast<size_t>(std::min(kPiecePlaces, kept_back - begin)));
    std::iota(piece.begin(), piece.end(), begin);
    permutation.invert(piece);
    for (size_t i = 0; i < piece.size(); ++i)
      splits[static_cast<size_t>(piece[i])] =
          static_cast<uint8_t>(begin + static_cast<int64_t>(i) < test ? Split::test : Split::validation);
  }
}

Split SplitSamples::operator()(int64_t class_number, int64_t index) const {
  const std::vector<uint8_t>& splits = splits_[static_cast<size_t>(class_number)];
  return splits.empty() ? Split::train : static_cast<Split>(splits[static_cast<size_t>(index)]);
}

std::vector<Split> split_samples(std::span<const int32_t> classes, const SplitFractions& fractions, uint64_t seed) {
  std::vector<int64_t> samples;
  for (const int32_t c : classes) {
    if (static_cast<size_t>(c) >= samples.size()) samples.resize(static_cast<size_t>(c) + 1);
    ++samples[static_cast<size_t>(c)];
  }
  std::vector<int64_t> seen(samples.size());
  const SplitSamples split(std::move(samples), fractions, seed);
  std::vector<Split> splits;
  splits.reserve(classes.size());
  for (const int32_t c : classes) splits.push_back(split(c, seen[static_cast<size_t>(c)]++));
  return splits;
}

}  // namespace convoy
