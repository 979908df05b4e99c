#include "datasets/split_advice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "datasets/window_order.h"

namespace convoy {
namespace {

class Advice {
 public:
  Advice(const DatasetManifest& manifest, Split split, int64_t T, int64_t samples)
      : manifest_(manifest), split_(split), T_(T), samples_(samples) {}

  std::string found() const {
    const int64_t tokens = manifest_.split(split_).rows();
    if (tokens == 0 && split_ != Split::train) return fmt::format("the dataset has no {} split", name_of(split_));
    return fmt::format(
        "the longest {} shard has {} tokens of {}, which makes {} sequences of model.context + 1 = {}; {} wanted",
        split_ == Split::train ? "training" : name_of(split_), longest(), tokens, samples_at(T_), T_ + 1,
        samples_ == 1 ? "one is" : fmt::format("a micro-batch of {} is", samples_));
  }

  std::vector<std::string> remedies(bool model_is_fixed) const {
    std::vector<std::string> remedies;
    const int64_t context = model_is_fixed ? 0 : longest_context(), micro = samples_at(T_);
    if (context > 0) remedies.push_back(fmt::format("lower model.context to {}", context));
    if (samples_ > 1 && micro > 0) remedies.push_back(fmt::format("lower batch.micro to {}", micro));
    remedies.push_back(import_again());
    return remedies;
  }

 private:
  int64_t longest() const {
    int64_t longest = 0;
    for (const ShardEntry& shard : manifest_.split(split_).shards) longest = std::max(longest, shard.rows);
    return longest;
  }

  int64_t samples_at(int64_t T) const {
    std::vector<int64_t> tokens;
    for (const ShardEntry& shard : manifest_.split(split_).shards) tokens.push_back(shard.rows);
    return count_windows(split_, tokens, T);
  }

  // 0: none is short enough.
  int64_t longest_context() const {
    int64_t low = 0, high = std::min(T_, std::max<int64_t>(longest(), 1));  // low has enough samples, high has not
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      (samples_at(middle) >= samples_ ? low : high) = middle;
    }
    return low;
  }

  std::string import_again() const {
    if (shard_tokens() <= T_)
      return fmt::format("import the text again with --shard-tokens of at least {} and --force", T_ + 1);
    const auto total = double(manifest_.split(Split::train).rows() +
                              manifest_.split(split_ == Split::train ? Split::validation : split_).rows());
    const double share = wanted_tokens() / total;
    // Cut at line ends or between documents a split may come out smaller, and the other one must hold something too.
    const double generous = std::ceil(std::max(share * 1.2, 0.1) * 100) / 100;
    const bool fits = generous <= 0.5 && total * (1 - generous) > 2.0 * double(T_ + 1);
    if (split_ != Split::train && fits)
      return fmt::format("import the text again with --{} {:g} and --force", name_of(split_), generous);
    const bool too_much_held_back = split_ == Split::train && total * 0.8 > wanted_tokens();
    if (too_much_held_back) return "import the text again with a smaller --validation and --force";
    return "import more text";
  }

  // At most so many in a file; of a dataset that no import made, as many as there are.
  int64_t shard_tokens() const {
    const std::string& text = manifest_.import.option("shard_tokens");
    return text.empty() ? std::max(T_ + 1, longest()) : std::strtoll(text.c_str(), nullptr, 10);
  }

  double wanted_tokens() const {
    const int64_t of_a_shard = std::max<int64_t>((shard_tokens() - 1) / T_, 1);
    const double whole = std::floor(double(samples_) / double(of_a_shard));
    return whole * double(shard_tokens()) + double(samples_ % of_a_shard) * double(T_) + 1;
  }

  const DatasetManifest& manifest_;
  Split split_;
  int64_t T_, samples_;
};

void require(const Dataset& dataset, Split split, int64_t wanted, bool in_training) {
  if (dataset.samples(split) >= wanted) return;
  throw DataError(fmt::format("{}: {}{}", dataset.folder().string(), dataset.too_few(split, wanted, !in_training),
                              in_training ? ", or train without evaluation: evaluate.batches=0"
                                          : ", or name another dataset: data.path=FOLDER"));
}

}  // namespace

std::string too_short(const DatasetManifest& manifest, Split split, int64_t T, int64_t samples, bool model_is_fixed) {
  const Advice advice(manifest, split, T, samples);
  return fmt::format("{}; {}", advice.found(), fmt::join(advice.remedies(model_is_fixed), ", or "));
}

void require_evaluation_in_training(const Dataset& dataset, int64_t samples) {
  require(dataset, Split::validation, samples, true);
}
void require_evaluation_of_trained(const Dataset& dataset, Split split, int64_t samples) {
  require(dataset, split, samples, false);
}

}  // namespace convoy
