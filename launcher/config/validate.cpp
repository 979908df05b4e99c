#include "launcher/config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "comm/reduction_tree.h"
#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/metrics/metric_sums.h"
#include "core/train/make_mesh.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/key_walk.h"

namespace convoy {
namespace {

class Checks final : public KeyWalk {
 public:
  // Each value for itself, and what does not go together within a group. What is beside an impossible value is not
  // looked at: its mistake would be told twice.
  explicit Checks(Config config) {
    describe(static_cast<Keys&>(*this), config);
    for (const auto& [keys, text] : within_groups_)
      if (possible(keys)) add(keys, text());
    within_groups_.clear();
  }
  bool possible(const std::vector<std::string>& keys) const {
    return std::none_of(keys.begin(), keys.end(), [&](const std::string& key) { return impossible_.contains(key); });
  }
  void add(std::vector<std::string> keys, std::string message) {
    found_.push_back({std::move(keys), std::move(message)});
  }
  std::vector<Contradiction> take() { return std::move(found_); }

  void contradiction(std::initializer_list<std::string_view> keys,
                     const std::function<std::string(const std::string&)>& text) override {
    std::vector<std::string> names;
    for (const std::string_view key : keys) names.push_back(path() + std::string(key));
    within_groups_.emplace_back(std::move(names), [text, path = path()] { return text(path); });
  }

 protected:
  void leaf(const std::string& name, const Key& key, const Field& field) override {
    if (auto found = complaint(name, field, key.allowed)) {
      impossible_.insert(name);
      add({name}, std::move(*found));
    }
  }
  void kind_name(const std::string&, const Key&, AnyChoice&) override {}

 private:
  std::vector<Contradiction> found_;
  std::set<std::string> impossible_;
  std::vector<std::pair<std::vector<std::string>, std::function<std::string()>>> within_groups_;
};

void check_batch(Checks& checks, const BatchConfig& batch, const Auto& virtual_ranks) {
  const std::vector<std::string> keys{"batch.global", "batch.micro", "parallel.virtual_ranks"};
  if (!checks.possible(keys)) return;
  if (!virtual_ranks.value || batch.global % batch.micro != 0) return;
  const int64_t pass = batch.micro * *virtual_ranks.value;
  if (batch.global % pass == 0) return;
  checks.add(keys, fmt::format("batch.global = {} is not a multiple of batch.micro x parallel.virtual_ranks = {}; the "
                               "next is {}",
                               batch.global, pass, round_up(batch.global, pass)));
}

void check_guard(Checks& checks, const GuardConfig& guard, const Auto& checkpoint_every) {
  if (guard.rollback && checkpoint_every.value == 0)
    checks.add({"guard.rollback", "checkpoint.every_steps"},
               "guard.rollback = true, but checkpoint.every_steps = 0 saves nothing to go back to; set it, to 500 for "
               "example, or write guard.rollback=false");
}

// Epochs are counted, and the run is told by steps.
void check_epochs(Checks& checks, const Config& config) {
  const auto check = [&](const std::string& key, bool given) {
    if (given && config.train.epochs == 0)
      checks.add({key, "train.epochs"},
                 fmt::format("{} counts epochs, but train.epochs = 0: the run is told by steps; set train.epochs, or "
                             "every_steps in place of every_epochs",
                             key));
  };
  check("evaluate.every_epochs", config.evaluate.every_epochs != 1);
  check("checkpoint.every_epochs", config.checkpoint.every_epochs.value.has_value());
}

// The names of a metric's numbers for each class are known with the data.
void check_watch(Checks& checks, const EvaluateConfig& evaluate) {
  if (evaluate.watch == "loss") return;
  std::string names = "loss";
  for (const NamedMetric& metric : named_metrics(evaluate.metrics)) {
    if (evaluate.watch == metric.name || evaluate.watch.starts_with(metric.name + "_")) return;
    names += ", " + metric.name;
  }
  checks.add(
      {"evaluate.watch", "evaluate.metrics"},
      fmt::format("evaluate.watch = {} is none of what is evaluated, which is {}; name one of these, or add it to "
                  "evaluate.metrics",
                  shortened(evaluate.watch), names));
}

}  // namespace

std::vector<Contradiction> find_contradictions(const Config& config) {
  Checks checks(config);
  check_batch(checks, config.batch, config.parallel.virtual_ranks);
  if (config.evaluate.batches.value == 0 && config.checkpoint.keep_best > 0)
    checks.add({"checkpoint.keep_best", "evaluate.batches"},
               fmt::format("checkpoint.keep_best = {}, but evaluate.batches = 0 evaluates nothing to compare; write "
                           "checkpoint.keep_best=0, or evaluate.batches=20",
                           config.checkpoint.keep_best));
  check_guard(checks, config.guard, config.checkpoint.every_steps);
  check_epochs(checks, config);
  check_watch(checks, config.evaluate);
  return checks.take();
}

int64_t virtual_ranks(const Config& config, int ranks) { return config.parallel.virtual_ranks.value_or(ranks); }

void check_ranks(const Config& config, int64_t virtual_ranks, int ranks) {
  const BatchConfig& batch = config.batch;
  if (virtual_ranks % ranks != 0)
    throw ConfigError(fmt::format(
        "{} virtual ranks do not split over {} ranks evenly; start on a number of ranks that divides {}, or "
        "begin a new run with parallel.virtual_ranks={}",
        virtual_ranks, ranks, virtual_ranks, round_up<int64_t>(virtual_ranks, ranks)));
  check_virtual_ranks(virtual_ranks, ranks, config.parallel.reproducible);
  if (config.parallel.shard_ranks.value) shard_group(config.parallel, ranks, 1);
  const int64_t pass = batch.micro * virtual_ranks;
  if (batch.global % pass == 0) return;
  throw ConfigError(fmt::format("batch.global = {} is not a multiple of batch.micro x {} = {}; the next is {}",
                                batch.global, virtual_ranks == ranks ? "ranks" : "virtual ranks", pass,
                                round_up(batch.global, pass)));
}

std::vector<int> rank_counts(const Config& config, int64_t virtual_ranks) {
  std::vector<int> counts;
  for (int ranks = static_cast<int>(virtual_ranks); ranks > 0; --ranks) try {
      check_ranks(config, virtual_ranks, ranks);
      counts.push_back(ranks);
    } catch (const ConfigError&) {  // not this number
    }
  return counts;
}

}  // namespace convoy
