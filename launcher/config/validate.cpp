#include "launcher/config/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "launcher/config/nearest_name.h"
#include "launcher/config/presets.h"

namespace convoy {
namespace {

class Checks {
 public:
  void at_least(const std::string& key, int64_t value, int64_t least) {
    if (value < least) add({key}, fmt::format("{} = {}; at least {} is wanted", key, value, least));
  }
  void at_least(const std::string& key, const Auto& value, int64_t least) {
    if (value.value) at_least(key, *value.value, least);
  }
  // [low, high), or [low, high] if closed.
  void within(const std::string& key, double value, double low, double high, bool closed = false) {
    if (value < low || (closed ? value > high : value >= high))
      add({key},
          fmt::format("{} = {}; a number from {} to {}{} is wanted", key, value, low, closed ? "" : "below ", high));
  }
  void not_negative(const std::string& key, double value) {
    if (value < 0) add({key}, fmt::format("{} = {}; 0 or more is wanted", key, value));
  }
  void positive(const std::string& key, double value) {
    if (!(value > 0)) add({key}, fmt::format("{} = {}; more than 0 is wanted", key, value));
  }
  void not_empty(const std::string& key, const std::string& value) {
    if (value.empty()) add({key}, fmt::format("{} is empty; the path of a folder is wanted", key));
  }
  void known(const std::string& key, const std::string& value, const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), value) == names.end())
      add({key}, fmt::format("{} = {} is unknown; there {} {}{}", key, value, names.size() == 1 ? "is" : "are",
                             fmt::join(names, ", "), did_you_mean(value, names)));
  }
  void add(std::vector<std::string> keys, std::string message) {
    found_.push_back({std::move(keys), std::move(message)});
  }
  std::vector<Contradiction> take() { return std::move(found_); }

 private:
  std::vector<Contradiction> found_;
};

void check_model(Checks& checks, const ModelConfig& m) {
  if (!m.preset.empty()) checks.known("model.preset", m.preset, preset_names());
  checks.known("model.family", m.family, {"gpt2"});
  checks.at_least("model.layers", m.layers, 1);
  checks.at_least("model.heads", m.heads, 1);
  checks.at_least("model.channels", m.channels, 1);
  checks.at_least("model.context", m.context, 1);
  checks.at_least("model.vocabulary", m.vocabulary, 1);
  checks.within("model.dropout", m.dropout, 0, 1);
  if (m.heads < 1 || m.channels < 1 || m.channels % m.heads == 0) return;
  checks.add({"model.heads", "model.channels"},
             fmt::format("model.heads = {} does not divide model.channels = {}; the next larger width is {}", m.heads,
                         m.channels, round_up(m.channels, m.heads)));
}

void check_batch(Checks& checks, const BatchConfig& batch, const Auto& virtual_ranks) {
  checks.at_least("batch.micro", batch.micro, 1);
  checks.at_least("batch.global", batch.global, 1);
  const int64_t leaves = virtual_ranks.value_or(1);
  if (batch.micro < 1 || batch.global < 1 || leaves < 1 || batch.micro > INT64_MAX / leaves) return;
  const int64_t pass = batch.micro * leaves;
  if (batch.global % pass == 0) return;
  const char* name = virtual_ranks.value ? "batch.micro x parallel.virtual_ranks" : "batch.micro";
  checks.add({"batch.global", "batch.micro", "parallel.virtual_ranks"},
             fmt::format("batch.global = {} is not a multiple of {} = {}; the next is {}", batch.global, name, pass,
                         pass * (batch.global / pass + 1)));
}

void check_optimizer(Checks& checks, const OptimizerConfig& o, const ScheduleConfig& s) {
  checks.known("optimizer.name", o.name, {"adamw"});
  checks.positive("optimizer.lr", o.lr);
  checks.within("optimizer.beta1", o.beta1, 0, 1);
  checks.within("optimizer.beta2", o.beta2, 0, 1);
  checks.positive("optimizer.eps", o.eps);
  checks.not_negative("optimizer.weight_decay", o.weight_decay);
  checks.known("schedule.name", s.name, {"cosine", "constant"});
  checks.at_least("schedule.warmup_steps", s.warmup_steps, 0);
  checks.within("schedule.final_ratio", s.final_ratio, 0, 1, true);
}

void check_parallel(Checks& checks, const ParallelConfig& p) {
  if (p.stage < 0 || p.stage > 3)
    checks.add(
        {"parallel.stage"},
        fmt::format("parallel.stage = {}; it is 0 (everything on every rank), 1 (optimizer state sharded), 2 (and "
                    "gradients) or 3 (and weights)",
                    p.stage));
  checks.at_least("parallel.shard_ranks", p.shard_ranks, 2);
  checks.at_least("parallel.sentinel_every", p.sentinel_every, 0);
  checks.at_least("parallel.bucket_bytes", p.bucket_bytes, 4);
  checks.at_least("parallel.virtual_ranks", p.virtual_ranks, 1);
  checks.at_least("parallel.timeout_s", p.timeout_s, 0);
  checks.at_least("parallel.threads", p.threads, 1);
}

void check_guard(Checks& checks, const GuardConfig& guard, int64_t checkpoint_every) {
  checks.not_negative("guard.spike_sigma", guard.spike_sigma);
  checks.at_least("guard.window_steps", guard.window_steps, 2);
  checks.at_least("guard.max_rollbacks", guard.max_rollbacks, 1);
  checks.at_least("guard.max_skipped_steps", guard.max_skipped_steps, 0);
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
  Checks checks;
  checks.not_empty("run.dir", config.run.dir);
  check_model(checks, config.model);
  checks.not_empty("data.path", config.data.path);
  checks.at_least("data.prefetch", config.data.prefetch, 1);
  check_batch(checks, config.batch, config.parallel.virtual_ranks);
  checks.at_least("train.steps", config.train.steps, 1);
  checks.at_least("train.stop_at", config.train.stop_at, 0);
  checks.not_negative("train.clip_norm", config.train.clip_norm);
  check_optimizer(checks, config.optimizer, config.schedule);
  check_parallel(checks, config.parallel);
  checks.at_least("evaluate.every_steps", config.evaluate.every_steps, 0);
  checks.at_least("evaluate.batches", config.evaluate.batches, 0);
  checks.at_least("checkpoint.every_steps", config.checkpoint.every_steps, 0);
  checks.at_least("checkpoint.keep_last", config.checkpoint.keep_last, 0);
  checks.at_least("checkpoint.keep_best", config.checkpoint.keep_best, 0);
  checks.at_least("checkpoint.keep_every", config.checkpoint.keep_every, 0);
  if (config.evaluate.batches == 0 && config.checkpoint.keep_best > 0)
    checks.add({"checkpoint.keep_best", "evaluate.batches"},
               fmt::format("checkpoint.keep_best = {}, but evaluate.batches = 0 evaluates nothing to compare; write "
                           "checkpoint.keep_best=0, or evaluate.batches=20",
                           config.checkpoint.keep_best));
  check_guard(checks, config.guard, config.checkpoint.every_steps);
  checks.at_least("log.every_steps", config.log.every_steps, 1);
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
