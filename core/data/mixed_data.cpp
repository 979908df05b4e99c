#include "core/data/mixed_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/checksum.h"
#include "core/base/error.h"

namespace convoy {
namespace {

// Shares of so many samples, rounded so that they add up: the largest remainders go up, of equals the first.
std::vector<int64_t> rounded_shares(std::span<const double> weights, int64_t samples) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int64_t> shares;
  std::vector<double> remainders;
  for (const double weight : weights) {
    const double exact = weight / sum * static_cast<double>(samples);
    shares.push_back(static_cast<int64_t>(std::floor(exact)));
    remainders.push_back(exact - std::floor(exact));
  }
  for (int64_t left = samples - std::accumulate(shares.begin(), shares.end(), int64_t{0}); left > 0; --left) {
    const auto most = std::ranges::max_element(remainders);
    ++shares[static_cast<size_t>(most - remainders.begin())];
    *most = -1;
  }
  return shares;
}

// The shortest period in which whole samples have the weights' proportion, or the longest there may be.
std::vector<int64_t> shares_of_period(std::span<const double> weights) {
  constexpr double kExact = 1e-9;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (auto period = static_cast<int64_t>(weights.size()); period < kMixPeriod; ++period)
    if (std::ranges::all_of(weights, [&](double weight) {
          const double share = weight / sum * static_cast<double>(period);
          return std::abs(share - std::round(share)) < kExact && std::round(share) >= 1;
        }))
      return rounded_shares(weights, period);
  return rounded_shares(weights, kMixPeriod);
}

std::string form_of(const Dataset& data) {
  std::string text;
  for (const BatchField& field : data.fields())
    text +=
        fmt::format("{}{} {} {}", text.empty() ? "" : ", ", field.name, to_string(field.shape), name_of(field.dtype));
  return text;
}

void require_alike(const Dataset& a, const Dataset& b) {
  const std::string differ =
      fmt::format("data.mix: {} and {} cannot be mixed", a.folder().string(), b.folder().string());
  if (form_of(a) != form_of(b))
    throw DataError(
        fmt::format("{}: their samples are {} and {}; mix data of one form (data.separate_documents=true gives texts "
                    "the field that conversations have)",
                    differ, form_of(a), form_of(b)));
  if (a.facts().vocabulary != b.facts().vocabulary || a.files() != b.files())
    throw DataError(
        fmt::format("{}: they have {}; import both with one tokenizer, or tables with one form", differ,
                    a.facts().vocabulary != b.facts().vocabulary
                        ? fmt::format("vocabularies of {} and {}", a.facts().vocabulary, b.facts().vocabulary)
                    : a.facts().vocabulary > 0 ? "other tokenizers"
                                               : "other columns or classes"));
}

}  // namespace

MixPattern::MixPattern(std::span<const double> weights) : counts_(shares_of_period(weights)) {
  for (size_t source = 0; source < counts_.size(); ++source)
    if (counts_[source] == 0)
      throw ConfigError(
          fmt::format("data.mix.{}.weight = {} is less than one sample in {} of the mixture; raise it, or leave that "
                      "data out",
                      source, weights[source], kMixPeriod));
  const int64_t period = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
  std::vector<int64_t> taken(counts_.size(), 0);
  for (int64_t i = 1; i <= period; ++i) {
    size_t next = 0;
    // Behind its share by counts * i - taken * period, in whole numbers.
    for (size_t source = 1; source < counts_.size(); ++source)
      if (counts_[source] * i - taken[source] * period > counts_[next] * i - taken[next] * period) next = source;
    picks_.push_back({next, taken[next]++});
  }
}

MixPattern::Pick MixPattern::operator[](int64_t sample) const {
  Pick pick = picks_[static_cast<size_t>(sample % period())];
  pick.sample += sample / period() * counts_[pick.source];
  return pick;
}

static std::vector<double> weights_of(const std::vector<MixedPart>& parts) {
  std::vector<double> weights;
  for (const MixedPart& part : parts) weights.push_back(part.weight);
  return weights;
}

MixedData::MixedData(std::vector<MixedPart> parts)
    : parts_(std::move(parts)), pattern_(weights_of(parts_)), facts_(first().facts()) {
  for (size_t i = 1; i < parts_.size(); ++i) {
    require_alike(first(), *parts_[i].data);
    for (size_t split = 0; split < kSplits.size(); ++split)
      facts_.stored[split] += parts_[i].data->facts().stored[split];
  }
}

int64_t MixedData::samples(Split split) const {
  int64_t samples = 0;
  for (const MixedPart& part : parts_) samples += part.data->samples(split);
  return samples;
}

MixPattern::Pick MixedData::stored(Split split, int64_t sample) const {
  sample %= samples(split);
  size_t source = 0;
  while (sample >= parts_[source].data->samples(split)) sample -= parts_[source++].data->samples(split);
  return {source, sample};
}

void MixedData::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  if (samples(split) == 0) throw DataError(fmt::format("data.mix: {}", too_few(split, 1, false)));
  std::vector<Tensor> one(out.size());
  for (int64_t i = 0; i < count; ++i) {
    const MixPattern::Pick pick = split == Split::train ? pattern_[first + i] : stored(split, first + i);
    for (size_t f = 0; f < out.size(); ++f) {
      std::vector<int64_t> extents(out[f].shape.begin(), out[f].shape.end());
      extents.front() = 1;
      one[f] = Tensor(nullptr, out[f].dtype, Shape(std::span<const int64_t>(extents)));
      one[f].data = static_cast<std::byte*>(out[f].data) + static_cast<size_t>(i) * one[f].bytes();
    }
    parts_[pick.source].data->read(split, pick.sample, 1, one);
  }
}

std::string MixedData::identity() const {
  std::string text;
  for (const MixedPart& part : parts_) {
    const std::string of_part = part.data->identity();
    if (of_part.empty()) return {};
    text += fmt::format("{} {}\n", of_part, part.weight);
  }
  return checksum_of(text);
}

bool MixedData::every_target_counts() const {
  return std::ranges::all_of(parts_, [](const MixedPart& part) { return part.data->every_target_counts(); });
}

std::vector<int64_t> MixedData::class_counts(const std::string& field) const {
  std::vector<int64_t> sum;
  for (const MixedPart& part : parts_) {
    const std::vector<int64_t> counts = part.data->class_counts(field);
    if (counts.empty()) return {};
    sum.resize(std::max(sum.size(), counts.size()));
    for (size_t i = 0; i < counts.size(); ++i) sum[i] += counts[i];
  }
  return sum;
}

std::string MixedData::too_few(Split split, int64_t wanted, bool model_is_fixed) const {
  std::string text;
  for (const MixedPart& part : parts_)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", part.data->folder().string(),
                        part.data->too_few(split, wanted, model_is_fixed));
  return text;
}

}  // namespace convoy
