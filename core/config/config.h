// Everything a run can be told. Each default lives here and nowhere else; config.cpp tells the keys, see keys.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/auto.h"
#include "core/config/keys.h"
#include "core/data/augment/kinds.h"
#include "core/metrics/metric_kinds.h"
#include "core/models/adapter_kinds.h"
#include "core/models/kinds.h"
#include "core/optimizer/kinds.h"
#include "core/optimizer/schedule_kinds.h"
#include "core/parameters/grouping.h"

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
void describe(Keys& keys, RunConfig& c);

struct AdapterConfig {
  AdapterChoice kind = {adapter_kinds(), "none"};
  // Null: there is none.
  std::unique_ptr<AdapterRule> rule() const { return kind.make(); }
  bool is_there() const { return kind.name() != "none"; }
};
void describe(Keys& keys, AdapterConfig& c);

struct ModelConfig {
  FamilyChoice family;
  std::string from;  // a run, checkpoint or model folder, whose weights a new run begins with
  AdapterConfig adapter = {};
};
void describe(Keys& keys, ModelConfig& c);

enum class DataChange { refuse, accept };
constexpr auto enum_names(DataChange) {
  return std::array{std::pair{std::string_view("refuse"), DataChange::refuse},
                    std::pair{std::string_view("accept"), DataChange::accept}};
}

// One of several datasets that are trained on together.
struct MixedSource {
  std::string path;
  double weight = 1;
};
void describe(Keys& keys, MixedSource& source);

struct DataConfig {
  std::span<const AugmentationKind> augmentation_kinds = convoy::augmentation_kinds();
  std::string path = "data/shakespeare";
  DataChange changed = DataChange::refuse;
  int64_t prefetch = 4;
  bool pack = true, separate_documents = false;
  std::vector<MixedSource> mix;
  std::vector<AugmentationChoice> augment;
};
void describe(Keys& keys, DataConfig& c);

struct LossConfig {
  LossChoice kind;
};
void describe(Keys& keys, LossConfig& c);

struct BatchConfig {
  int64_t micro = 8, global = 32;
};
void describe(Keys& keys, BatchConfig& c);

enum class ProductChoices { automatic, heuristic, timed };
constexpr auto enum_names(ProductChoices) {
  return std::array{std::pair{std::string_view("auto"), ProductChoices::automatic},
                    std::pair{std::string_view("heuristic"), ProductChoices::heuristic},
                    std::pair{std::string_view("timed"), ProductChoices::timed}};
}

struct TrainConfig {
  static constexpr int64_t kSteps = 2000;  // of a run that says neither steps nor epochs
  Auto steps;
  int64_t epochs = 0, stop_at = 0;
  double clip_norm = 1.0, ema_decay = 0;
  Recompute recompute = Recompute::none;
  bool cuda_graph = true;
  ProductChoices products = ProductChoices::automatic;
};
void describe(Keys& keys, TrainConfig& c);

enum class StateDType { f32, bf16 };
constexpr auto enum_names(StateDType) {
  return std::array{std::pair{std::string_view("f32"), StateDType::f32},
                    std::pair{std::string_view("bf16"), StateDType::bf16}};
}

struct OptimizerConfig {
  Choice<Optimizer> kind;
  std::vector<GroupRule> groups;
  StateDType state = StateDType::f32;
  double layer_decay = 1;
};
void describe(Keys& keys, OptimizerConfig& c);

struct ScheduleConfig {
  Choice<Schedule> kind;
};
void describe(Keys& keys, ScheduleConfig& c);

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
  Auto shard_ranks, node_ranks;
  GradientDType gradient_dtype = GradientDType::f32;
  bool reproducible = true;
  Auto virtual_ranks;
  int64_t timeout_s = 120, sentinel_every = 0;
  Auto threads;
  Bind bind = Bind::automatic;
};
void describe(Keys& keys, ParallelConfig& c);

struct EvaluateConfig {
  static constexpr int64_t kEverySteps = 200, kBatches = 20;  // of a run that is told by steps
  Auto every_steps;
  int64_t every_epochs = 1;
  Auto batches;
  std::string watch = "loss";
  int64_t patience = 0;
  double min_delta = 0;
  std::vector<MetricChoice> metrics = {};
  std::span<const MetricKind> metric_kinds = convoy::metric_kinds();  // that there are to choose from
};
void describe(Keys& keys, EvaluateConfig& c);

struct CheckpointConfig {
  static constexpr int64_t kEverySteps = 500;  // of a run that is told by steps
  Auto every_steps, every_epochs;
  int64_t keep_last = 2, keep_best = 0, keep_every = 0;
  bool at_end = true;
  int64_t timeout_s = 3600;
  int64_t file_bytes = 5'000'000'000;
};
void describe(Keys& keys, CheckpointConfig& c);

struct GuardConfig {
  double spike_sigma = 0;
  int64_t window_steps = 100;
  bool rollback = false;
  int64_t max_rollbacks = 3, max_skipped_steps = 0;
};
void describe(Keys& keys, GuardConfig& c);

struct LogConfig {
  int64_t every_steps = 10;
  bool tensorboard = true;
  int64_t profile_steps = 0;
};
void describe(Keys& keys, LogConfig& c);

// The kinds that a config can name. Those of the program, unless a test brings others.
struct OpenSets {
  std::span<const FamilyKind> families = family_kinds();
  std::span<const LossKind> losses = loss_kinds();
  std::span<const Kind<Optimizer>> optimizers = optimizer_kinds();
  std::span<const Kind<Schedule>> schedules = schedule_kinds();
  std::span<const MetricKind> metrics = metric_kinds();
  std::span<const AugmentationKind> augmentations = augmentation_kinds();
};

struct Config;

// What a run of this config counts: kTokens or kSamples (core/metrics/training_events.h).
const char* counted_unit(const Config& config);

struct Config {
  Config() : Config(OpenSets()) {}
  explicit Config(const OpenSets& sets)
      : model{{sets.families, "gpt2"}},
        data{.augmentation_kinds = sets.augmentations},
        loss{{sets.losses, "cross_entropy"}},
        optimizer{{sets.optimizers, "adamw"}, {}},
        schedule{{sets.schedules, "cosine"}},
        evaluate{.metric_kinds = sets.metrics} {}

  RunConfig run;
  DeviceChoice device = DeviceChoice::automatic;
  Precision precision = Precision::f32;
  ModelConfig model;
  DataConfig data;
  LossConfig loss;
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
void describe(Keys& keys, Config& c);

}  // namespace convoy
