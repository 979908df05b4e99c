#include "launcher/config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/attention.h"
#include "launcher/config/allowed_values.h"
#include "launcher/config/config_keys.h"

namespace convoy {
namespace {

class Checks {
 public:
  // Each value for itself. What is beside an impossible one is not looked at: its mistake would be told twice.
  explicit Checks(Config config) {
    for_each_key(config, [&](const ConfigKey& key, auto& field) {
      if (auto found = complaint(key.name, field, key.allowed)) {
        impossible_.insert(key.name);
        add({key.name}, std::move(*found));
      }
    });
  }
  bool possible(const std::vector<std::string>& keys) const {
    return std::none_of(keys.begin(), keys.end(), [&](const std::string& key) { return impossible_.contains(key); });
  }
  void add(std::vector<std::string> keys, std::string message) {
    found_.push_back({std::move(keys), std::move(message)});
  }
  std::vector<Contradiction> take() { return std::move(found_); }

 private:
  std::vector<Contradiction> found_;
  std::set<std::string> impossible_;
};

void check_heads(Checks& checks, const ModelConfig& m) {
  const std::vector<std::string> keys{"model.heads", "model.channels"};
  if (!checks.possible(keys)) return;
  if (m.channels % m.heads == 0 && m.channels / m.heads > kAttentionMaxD)
    checks.add(keys, fmt::format("model.channels = {} in model.heads = {} are {} channels a head; at most {} are "
                                 "computed, so write model.heads={} or more",
                                 m.channels, m.heads, m.channels / m.heads, kAttentionMaxD,
                                 ceil_div<int64_t>(m.channels, kAttentionMaxD)));
  if (m.channels % m.heads == 0) return;
  checks.add(keys, fmt::format("model.heads = {} does not divide model.channels = {}; the next larger width is {}",
                               m.heads, m.channels, round_up(m.channels, m.heads)));
}

// So many that no machine holds them, few enough that a thousand bytes of each can be counted in 64 bits.
void check_activations(Checks& checks, const Config& config) {
  constexpr double kMost = 0x1p46;
  const std::vector<std::string> keys{"batch.micro", "model.context", "model.channels", "model.layers"};
  if (!checks.possible(keys)) return;
  const ModelConfig& m = config.model;
  const double count = static_cast<double>(config.batch.micro) * static_cast<double>(m.context) *
                       static_cast<double>(m.channels) * static_cast<double>(m.layers);
  if (count <= kMost) return;
  checks.add(keys,
             fmt::format("batch.micro x model.context x model.channels x model.layers = {} x {} x {} x {} = {:.3g} "
                         "activations, at most {:.3g} can be counted on; lower one of them",
                         config.batch.micro, m.context, m.channels, m.layers, count, kMost));
}

void check_batch(Checks& checks, const BatchConfig& batch, const Auto& virtual_ranks) {
  const std::vector<std::string> keys{"batch.global", "batch.micro", "parallel.virtual_ranks"};
  if (!checks.possible(keys)) return;
  const int64_t pass = batch.micro * virtual_ranks.value_or(1);
  if (batch.global % pass == 0) return;
  const char* name = virtual_ranks.value ? "batch.micro x parallel.virtual_ranks" : "batch.micro";
  checks.add(keys, fmt::format("batch.global = {} is not a multiple of {} = {}; the next is {}", batch.global, name,
                               pass, round_up(batch.global, pass)));
}

void check_guard(Checks& checks, const GuardConfig& guard, int64_t checkpoint_every) {
  if (guard.rollback && guard.spike_sigma == 0)
    checks.add({"guard.rollback", "guard.spike_sigma"},
               "guard.rollback = true, but guard.spike_sigma = 0 looks for no spikes; set it, to 6 for example, or "
               "write guard.rollback=false");
  if (guard.rollback && checkpoint_every == 0)
    checks.add({"guard.rollback", "checkpoint.every_steps"},
               "guard.rollback = true, but checkpoint.every_steps = 0 saves nothing to go back to; set it, to 500 for "
               "example, or write guard.rollback=false");
}

}  // namespace

std::vector<Contradiction> find_contradictions(const Config& config) {
  Checks checks(config);
  check_heads(checks, config.model);
  check_activations(checks, config);
  check_batch(checks, config.batch, config.parallel.virtual_ranks);
  if (config.evaluate.batches == 0 && config.checkpoint.keep_best > 0)
    checks.add({"checkpoint.keep_best", "evaluate.batches"},
               fmt::format("checkpoint.keep_best = {}, but evaluate.batches = 0 evaluates nothing to compare; write "
                           "checkpoint.keep_best=0, or evaluate.batches=20",
                           config.checkpoint.keep_best));
  check_guard(checks, config.guard, config.checkpoint.every_steps);
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
  const int64_t pass = batch.micro * virtual_ranks;
  if (batch.global % pass == 0) return;
  throw ConfigError(fmt::format("batch.global = {} is not a multiple of batch.micro x {} = {}; the next is {}",
                                batch.global, virtual_ranks == ranks ? "ranks" : "virtual ranks", pass,
                                round_up(batch.global, pass)));
}

}  // namespace convoy
