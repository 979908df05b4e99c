// Everything a run can be told. Each default lives here and nowhere else; each key has its unit and meaning, from which
// `trainer config` prints its page and the loader makes its errors.
//
// describe(visitor, section) calls visitor(key, field, unit, meaning, allowed) for every field; fields are bool,
// int64_t, double, std::string, enums with enum_names, or Auto. Numbers always say what is allowed; without it any
// value is.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/config/allowed.h"
#include "core/config/auto.h"
#include "core/config/enum_names.h"

namespace convoy {

enum class Resume { never, automatic, must };
constexpr auto enum_names(Resume) {
  return std::array{std::pair{std::string_view("never"), Resume::never},
                    std::pair{std::string_view("auto"), Resume::automatic},
                    std::pair{std::string_view("must"), Resume::must}};
}

enum class DeviceChoice { automatic, cpu, cuda };
constexpr auto enum_names(DeviceChoice) {
  return std::array{std::pair{std::string_view("auto"), DeviceChoice::automatic},
                    std::pair{std::string_view("cpu"), DeviceChoice::cpu},
                    std::pair{std::string_view("cuda"), DeviceChoice::cuda}};
}

enum class Precision { f32, tf32, bf16 };
constexpr auto enum_names(Precision) {
  return std::array{std::pair{std::string_view("f32"), Precision::f32},
                    std::pair{std::string_view("tf32"), Precision::tf32},
                    std::pair{std::string_view("bf16"), Precision::bf16}};
}

enum class Recompute { none, block };
constexpr auto enum_names(Recompute) {
  return std::array{std::pair{std::string_view("none"), Recompute::none},
                    std::pair{std::string_view("block"), Recompute::block}};
}

struct RunConfig {
  std::string dir = "runs/run";
  int64_t seed = 1;
  Resume resume = Resume::never;
};
template <class Visitor>
void describe(Visitor&& visit, RunConfig& c) {
  visit("dir", c.dir, "folder", "where the run writes everything; never overwritten without resume", Allowed::path());
  visit("seed", c.seed, "", "of initial weights, data order and dropout", Allowed::any());
  visit("resume", c.resume, "",
        "never: a run that exists is an error; auto: go on if there is something; must: go on or fail");
}

struct ModelConfig {
  std::string preset;  // fills the other fields; explicit keys win
  std::string family = "gpt2";
  int64_t layers = 4, heads = 4, channels = 128, context = 64;
  double dropout = 0.0;
  Auto vocabulary;  // auto: the dataset's
};
template <class Visitor>
void describe(Visitor&& visit, ModelConfig& c) {
  visit("preset", c.preset, "", "sets the sizes below; keys given beside it win",
        Allowed::one_of({"", "gpt2-124m", "gpt2-350m", "gpt2-774m", "gpt2-1558m"}));
  visit("family", c.family, "", "kind of model", Allowed::one_of({"gpt2"}));
  visit("layers", c.layers, "blocks", "transformer blocks", Allowed::from(1, 1000));
  visit("heads", c.heads, "heads", "attention heads; must divide channels", Allowed::from(1, 65536));
  visit("channels", c.channels, "channels", "width of the residual stream", Allowed::from(1, 1048576));
  visit("context", c.context, "tokens", "sequence length T", Allowed::from(1, 16777216));
  visit("dropout", c.dropout, "probability", "of embeddings, attention probabilities and branches",
        Allowed::from_to_below(0, 1));
  visit("vocabulary", c.vocabulary, "tokens", "auto: the dataset's vocabulary", Allowed::from(1, 2147483647));
}

enum class DataChange { refuse, accept };
constexpr auto enum_names(DataChange) {
  return std::array{std::pair{std::string_view("refuse"), DataChange::refuse},
                    std::pair{std::string_view("accept"), DataChange::accept}};
}

struct DataConfig {
  std::string path = "data/shakespeare";
  DataChange changed = DataChange::refuse;
  int64_t prefetch = 4;
};
template <class Visitor>
void describe(Visitor&& visit, DataConfig& c) {
  visit("path", c.path, "folder", "HDF5 shards with a manifest, as `trainer data import-text` writes them",
        Allowed::path());
  visit("changed", c.changed, "",
        "refuse; accept: this start goes on with, or replays, other data than the run's, of the same tokenizer");
  visit("prefetch", c.prefetch, "micro-batches", "read ahead by the loader thread", Allowed::from(1, 1e6));
}

struct BatchConfig {
  int64_t micro = 8, global = 32;
};
template <class Visitor>
void describe(Visitor&& visit, BatchConfig& c) {
  visit("micro", c.micro, "sequences", "per rank and pass", Allowed::from(1, kMostSequences));
  visit("global", c.global, "sequences", "per optimizer step over all ranks; a multiple of micro x virtual ranks",
        Allowed::from(1, kMostSequences));
}

struct TrainConfig {
  int64_t steps = 2000, stop_at = 0;
  double clip_norm = 1.0;
  Recompute recompute = Recompute::none;
  bool cuda_graph = true;
};
template <class Visitor>
void describe(Visitor&& visit, TrainConfig& c) {
  visit("steps", c.steps, "steps", "optimizer steps in all", Allowed::from(1, kMostSteps));
  visit("stop_at", c.stop_at, "step", "save and end this start after that step; 0: never",
        Allowed::from(0, kMostSteps));
  visit("clip_norm", c.clip_norm, "", "largest global norm of the gradients; 0: no clipping",
        Allowed::from(0, kMostReal));
  visit("recompute", c.recompute, "",
        "none: keep all activations; block: keep block inputs and recompute the rest in backward");
  visit("cuda_graph", c.cuda_graph, "",
        "on CUDA, replay forward and backward as graphs recorded once; false: kernel by kernel");
}

struct OptimizerConfig {
  std::string name = "adamw";
  double lr = 3.0e-3, beta1 = 0.9, beta2 = 0.95, eps = 1.0e-8, weight_decay = 0.1;
};
template <class Visitor>
void describe(Visitor&& visit, OptimizerConfig& c) {
  visit("name", c.name, "", "how weights follow gradients", Allowed::one_of({"adamw"}));
  visit("lr", c.lr, "", "peak learning rate", Allowed::from(kLeastReal, kMostReal));
  visit("beta1", c.beta1, "", "decay of the first moment", Allowed::from_to_below(0, 1));
  visit("beta2", c.beta2, "", "decay of the second moment", Allowed::from_to_below(0, 1));
  visit("eps", c.eps, "", "added to the root of the second moment", Allowed::from(kLeastReal, kMostReal));
  visit("weight_decay", c.weight_decay, "", "decoupled; of matrices and embeddings, not of biases and norms",
        Allowed::from(0, kMostReal));
}

struct ScheduleConfig {
  std::string name = "cosine";
  int64_t warmup_steps = 100;
  double final_ratio = 0.1;
};
template <class Visitor>
void describe(Visitor&& visit, ScheduleConfig& c) {
  visit("name", c.name, "", "course of the learning rate behind the warmup", Allowed::one_of({"cosine", "constant"}));
  visit("warmup_steps", c.warmup_steps, "steps", "linear rise from 0 to optimizer.lr", Allowed::from(0, kMostSteps));
  visit("final_ratio", c.final_ratio, "", "last learning rate over optimizer.lr", Allowed::from(0, 1));
}

enum class GradientDType { f32, bf16 };
constexpr auto enum_names(GradientDType) {
  return std::array{std::pair{std::string_view("f32"), GradientDType::f32},
                    std::pair{std::string_view("bf16"), GradientDType::bf16}};
}

enum class Bind { automatic, none };
constexpr auto enum_names(Bind) {
  return std::array{std::pair{std::string_view("auto"), Bind::automatic},
                    std::pair{std::string_view("none"), Bind::none}};
}

struct ParallelConfig {
  int64_t stage = 0, bucket_bytes = 26214400;
  Auto shard_ranks;
  GradientDType gradient_dtype = GradientDType::f32;
  bool reproducible = true;
  Auto virtual_ranks;
  int64_t timeout_s = 120, sentinel_every = 0;
  Auto threads;
  Bind bind = Bind::automatic;
};
template <class Visitor>
void describe(Visitor&& visit, ParallelConfig& c) {
  visit("stage", c.stage, "",
        "what the ranks shard (ZeRO): 0 nothing, 1 optimizer state, 2 gradients too (kept whole while a rank adds up "
        "several passes), 3 weights too",
        Allowed::from(0, 3));
  visit("shard_ranks", c.shard_ranks, "ranks",
        "neighbours that hold one copy of what is sharded between them, other groups have another; auto: those of a "
        "node",
        Allowed::from(2, 1e6));
  visit("bucket_bytes", c.bucket_bytes, "bytes", "gradients that are reduced together, in f32", Allowed::from(4, 1e12));
  visit("gradient_dtype", c.gradient_dtype, "", "f32 or bf16: how gradients are sent; sums are f32 either way");
  visit("reproducible", c.reproducible, "", "sum gradients in an order that does not depend on the number of ranks");
  visit("virtual_ranks", c.virtual_ranks, "",
        "leaves of the reduction tree, a multiple of the rank count; auto: ranks of the first start",
        Allowed::from(1, 1e6));
  visit("timeout_s", c.timeout_s, "seconds", "a collective that takes longer ends the job with exit code 71; 0: never",
        Allowed::from(0, 1e9));
  visit("sentinel_every", c.sentinel_every, "steps",
        "between steps in which each rank checks a neighbour's gradients; 0: never", Allowed::from(0, kMostSteps));
  visit("threads", c.threads, "threads", "of the CPU device per rank; auto: this rank's share of the machine",
        Allowed::from(1, 4096));
  visit("bind", c.bind, "",
        "auto: ranks of a machine divide the cores they may all use, near their GPUs; none: as the system likes");
}

struct EvaluateConfig {
  int64_t every_steps = 200, batches = 20;
};
template <class Visitor>
void describe(Visitor&& visit, EvaluateConfig& c) {
  visit("every_steps", c.every_steps, "steps", "between evaluations on the validation split; 0: only at the end",
        Allowed::from(0, kMostSteps));
  visit("batches", c.batches, "micro-batches", 
        "per evaluation, over all ranks together; 0: none, also without a validation split", Allowed::from(0, 1e9));
}

struct CheckpointConfig {
  int64_t every_steps = 500, keep_last = 2, keep_best = 0, keep_every = 0;
};
template <class Visitor>
void describe(Visitor&& visit, CheckpointConfig& c) {
  visit("every_steps", c.every_steps, "steps", "between checkpoints; 0: only at the end", Allowed::from(0, kMostSteps));
  visit("keep_last", c.keep_last, "checkpoints", "older ones are removed; 0: keep all", Allowed::from(0, 1e9));
  visit(
      "keep_best", c.keep_best, "checkpoints",
      "besides those, the ones whose last evaluation had the lowest loss, for each evaluation the first saved at it or "
      "after it; 0: none",
      Allowed::from(0, 1e9));
  visit("keep_every", c.keep_every, "steps", "besides those, the ones at multiples of this; 0: none",
        Allowed::from(0, kMostSteps));
}

struct GuardConfig {
  double spike_sigma = 0;
  int64_t window_steps = 100;
  bool rollback = false;
  int64_t max_rollbacks = 3, max_skipped_steps = 0;
};
template <class Visitor>
void describe(Visitor&& visit, GuardConfig& c) {
  visit("spike_sigma", c.spike_sigma, "",
        "a loss this many standard deviations above the mean of the last steps is reported; 0: none is",
        Allowed::from(0, 1e6));
  visit("window_steps", c.window_steps, "steps", "that a loss is measured against", Allowed::from(2, 1e6));
  visit("rollback", c.rollback, "",
        "after a spike go back to the last checkpoint that checkpoint.every_steps made, and on with samples not yet "
        "seen");
  visit("max_rollbacks", c.max_rollbacks, "rollbacks", "of a run; the spike after that many ends it",
        Allowed::from(1, 1e9));
  visit("max_skipped_steps", c.max_skipped_steps, "steps",
        "so many in a row whose gradients are not finite end the run; 0: never", Allowed::from(0, kMostSteps));
}

struct LogConfig {
  int64_t every_steps = 10;
  bool tensorboard = true;
};
template <class Visitor>
void describe(Visitor&& visit, LogConfig& c) {
  visit("every_steps", c.every_steps, "steps", "between lines of the plain log", Allowed::from(1, kMostSteps));
  visit("tensorboard", c.tensorboard, "", "write TensorBoard events into the run folder");
}

struct Config {
  RunConfig run;
  DeviceChoice device = DeviceChoice::automatic;
  Precision precision = Precision::f32;
  ModelConfig model;
  DataConfig data;
  BatchConfig batch;
  TrainConfig train;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  ParallelConfig parallel;
  EvaluateConfig evaluate;
  CheckpointConfig checkpoint;
  GuardConfig guard;
  LogConfig log;
};

// visit.section(name, section) for groups, visit(key, field, unit, meaning) for the keys that stand alone.
template <class Visitor>
void describe(Visitor&& visit, Config& c) {
  visit.section("run", c.run);
  visit("device", c.device, "", "auto: a GPU where there is one, else the CPU");
  visit("precision", c.precision, "",
        "f32; tf32: f32 whose products on CUDA round operands to 10 bits; bf16 with f32 master weights");
  visit.section("model", c.model);
  visit.section("data", c.data);
  visit.section("batch", c.batch);
  visit.section("train", c.train);
  visit.section("optimizer", c.optimizer);
  visit.section("schedule", c.schedule);
  visit.section("parallel", c.parallel);
  visit.section("evaluate", c.evaluate);
  visit.section("checkpoint", c.checkpoint);
  visit.section("guard", c.guard);
  visit.section("log", c.log);
}

// The config as YAML with every key, as config.yaml of a run and of a checkpoint holds it.
// (launcher/config reads it back.)
}  // namespace convoy
