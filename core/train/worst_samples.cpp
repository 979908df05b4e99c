#include "core/train/worst_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace convoy {
namespace {

double rank_of(double loss) { return std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss; }

bool worse(const SampleLoss& a, const SampleLoss& b) {
  return rank_of(a.loss) != rank_of(b.loss) ? rank_of(a.loss) > rank_of(b.loss) : a.sample < b.sample;
}

constexpr size_t kFacts = 3;  // sample, loss, target class

}  // namespace

bool WorstSamples::takes(int64_t sample, double loss) const {
  if (worst_.size() < sizes_.count) return true;
  return sizes_.count > 0 && worse({.sample = sample, .loss = loss}, worst_.back());
}

void WorstSamples::add(SampleLoss sample) {
  if (!takes(sample.sample, sample.loss)) return;
  worst_.insert(std::upper_bound(worst_.begin(), worst_.end(), sample, worse), std::move(sample));
  if (worst_.size() > sizes_.count) worst_.pop_back();
}

// How many there are, then of each its facts, prediction and target; as long on every rank.
std::vector<double> WorstSamples::pack() const {
  std::vector<double> packed{static_cast<double>(worst_.size())};
  for (const SampleLoss& s : worst_) {
    packed.insert(packed.end(), {static_cast<double>(s.sample), s.loss, static_cast<double>(s.target_class)});
    packed.insert(packed.end(), s.prediction.begin(), s.prediction.end());
    packed.insert(packed.end(), s.target.begin(), s.target.end());
  }
  packed.resize(1 + sizes_.count * (kFacts + sizes_.prediction + sizes_.target));
  return packed;
}

void WorstSamples::unpack(const std::vector<double>& packed) {
  std::span<const double> rest = std::span(packed).subspan(1);
  const auto numbers = [&](size_t count) {
    std::vector<float> taken;
    for (const double number : rest.first(count)) taken.push_back(static_cast<float>(number));
    rest = rest.subspan(count);
    return taken;
  };
  for (size_t i = 0; i < static_cast<size_t>(packed[0]); ++i) {
    SampleLoss s{.sample = static_cast<int64_t>(rest[0]), .loss = rest[1]};
    s.target_class = static_cast<int32_t>(rest[2]);
    rest = rest.subspan(kFacts);
    s.prediction = numbers(sizes_.prediction);
    s.target = numbers(sizes_.target);
    add(std::move(s));
  }
}

std::vector<SampleLoss> WorstSamples::gather(Communicator& ranks) const {
  const std::vector<double> mine = pack();
  std::vector<double> everyones(mine.size() * static_cast<size_t>(ranks.size()));
  ranks.all_gather_host(everyones.data(), mine.data(), mine.size() * sizeof(double));
  WorstSamples all(sizes_);
  for (auto begin = everyones.begin(); begin != everyones.end(); begin += static_cast<std::ptrdiff_t>(mine.size()))
    all.unpack({begin, begin + static_cast<std::ptrdiff_t>(mine.size())});
  return std::move(all.worst_);
}

}  // namespace convoy
