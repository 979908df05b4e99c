// Whole runs with every optimizer, with a moving average of the weights and with a schedule that follows evaluations:
// what ranks, stages and stops may not change, they do not.
#include <gtest/gtest.h>

#include "core/checkpoint/checkpoint_folder.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/schedule_makers.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_config;
using test::toy_run;
using test::ToyParts;
using test::ToyResult;

void expect_equal_bits(const ToyResult& a, const ToyResult& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.grad_norms, b.grad_norms);
  EXPECT_EQ(a.learning_rates, b.learning_rates);
  EXPECT_TRUE(a.weights == b.weights) << "weights differ";
  ASSERT_EQ(a.evaluations.size(), b.evaluations.size());
  for (size_t i = 0; i < a.evaluations.size(); ++i) EXPECT_EQ(a.evaluations[i].loss, b.evaluations[i].loss);
}

// Adds what was done before the stop.
ToyResult joined(ToyResult first, const ToyResult& rest) {
  first.losses.insert(first.losses.end(), rest.losses.begin(), rest.losses.end());
  first.grad_norms.insert(first.grad_norms.end(), rest.grad_norms.begin(), rest.grad_norms.end());
  first.learning_rates.insert(first.learning_rates.end(), rest.learning_rates.begin(), rest.learning_rates.end());
  first.evaluations.insert(first.evaluations.end(), rest.evaluations.begin(), rest.evaluations.end());
  first.weights = rest.weights;
  return first;
}

struct Case {
  std::string name;
  std::function<std::unique_ptr<Optimizer>()> make;
};

template <class Maker>
Case make_case(std::string name, const std::function<void(Maker&)>& choose = {}) {
  Maker maker;
  maker.lr = 1e-2;
  if (choose) choose(maker);
  return {std::move(name), [maker] { return maker.make(); }};
}

std::vector<Case> all_optimizers() {
  return {
      make_case<AdamWMaker>("adamw"),
      make_case<AdamMaker>("adam", [](AdamMaker& m) { m.weight_decay = 0.1; }),
      make_case<SgdMaker>("sgd"),
      make_case<SgdMaker>("sgd with momentum", [](SgdMaker& m) { m.momentum = 0.9, m.nesterov = true; }),
      make_case<RmsPropMaker>("rmsprop"),
      make_case<RmsPropMaker>("rmsprop with momentum", [](RmsPropMaker& m) { m.momentum = 0.9; }),
      make_case<AdagradMaker>("adagrad"),
      make_case<LionMaker>("lion", [](LionMaker& m) { m.weight_decay = 0.1; }),
      make_case<MuonMaker>("muon"),
      make_case<MuonMaker>("muon in bf16", [](MuonMaker& m) { m.iteration = MuonIteration::bf16; }),
  };
}

Config short_config() {
  Config config = toy_config();
  test::gpt2_of(config).dropout = 0.1;
  config.batch.micro = 4;
  config.train.steps = 6;
  return config;
}

TEST(Optimizers, RanksAndStagesChangeNoBit) {
  std::vector<std::vector<std::byte>> ends;
  for (const Case& optimizer : all_optimizers())
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      Config config = short_config();
      config.precision = precision;
      const ToyParts parts{.optimizer = optimizer.make};
      const ToyResult one = toy_run(config, 1, parts);
      EXPECT_EQ(one.allocated_bytes, one.planned_bytes) << optimizer.name;
      EXPECT_EQ(one.allocations_after_first_step, 0) << optimizer.name;
      for (const int ranks : {2, 4})
        for (const int64_t stage : {0, 1, 2, 3}) {
          SCOPED_TRACE(testing::Message() << optimizer.name << ", stage " << stage << ", " << ranks << " ranks");
          config.parallel.stage = stage;
          const ToyResult found = toy_run(config, ranks, parts);
          expect_equal_bits(one, found);
          EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
        }
      EXPECT_EQ(std::ranges::count(ends, one.weights), 0) << optimizer.name << " does what another one does";
      ends.push_back(one.weights);
    }
}

// Three ranks cut matrices elsewhere than two or four.
TEST(Optimizers, MuonsMatricesAreWholeOnAnyRanks) {
  Config config = short_config();
  config.batch.micro = 2, config.batch.global = 24;
  config.parallel.virtual_ranks.value = 12;
  const std::vector<GroupRule> groups{{.match = "*.h.0.*", .name = "slow", .lr_scale = 0.5},
                                      {.match = "*.h.1.attn.*", .freeze = true}};
  for (const std::vector<GroupRule>& rules : {std::vector<GroupRule>{}, groups})
    for (const int64_t bucket_bytes : {4096, 1 << 20}) {
      config.parallel.bucket_bytes = bucket_bytes;
      config.parallel.stage = 0;
      const ToyParts parts{.optimizer = make_case<MuonMaker>("muon").make, .groups = rules};
      const ToyResult one = toy_run(config, 1, parts);
      for (const int ranks : {3, 6})
        for (const int64_t stage : {0, 1, 2, 3}) {
          SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks, " << bucket_bytes);
          config.parallel.stage = stage;
          const ToyResult found = toy_run(config, ranks, parts);
          expect_equal_bits(one, found);
          EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
          // Weights that every rank keeps come together before the first step.
          EXPECT_EQ(found.sent_bytes.back() - found.sent_bytes.front(),
                    found.planned_sent_bytes * (found.sent_bytes.size() - 1));
        }
    }
}

// States in bf16 are rounded by what is no rank's: the same bits anywhere, and near what f32 gives.
TEST(Bf16States, RanksStagesAndResumesChangeNoBit) {
  for (const Case& optimizer : all_optimizers()) {
    SCOPED_TRACE(optimizer.name);
    Config config = short_config();
    const ToyParts parts{.optimizer = optimizer.make};
    const ToyResult exact = toy_run(config, 1, parts);
    config.optimizer.state = StateDType::bf16;
    const ToyResult one = toy_run(config, 1, parts);
    const bool has_states = !optimizer.make()->states().empty();
    EXPECT_EQ(one.weights != exact.weights, has_states);
    EXPECT_EQ(one.allocated_bytes, one.planned_bytes);
    EXPECT_EQ(one.allocated_bytes < exact.allocated_bytes, has_states);
    EXPECT_NEAR(one.losses.back(), exact.losses.back(), 0.02 * exact.losses.back());
    for (const auto& [ranks, stage] : {std::pair(2, 0), std::pair(2, 2), std::pair(4, 1), std::pair(4, 3)}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
      config.parallel.stage = stage;
      const ToyResult found = toy_run(config, ranks, parts);
      expect_equal_bits(one, found);
      EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
    }
    const TemporaryFolder folder;
    ToyParts kept = parts;
    kept.checkpoints = folder.path();
    config.train.stop_at = 3;
    const ToyResult first = toy_run(config, 4, kept);
    config.parallel.stage = 1, config.train.stop_at = 0, kept.resume = true;
    expect_equal_bits(one, joined(first, toy_run(config, 2, kept)));
  }
}

TEST(Bf16States, ARunMayGoOnInF32) {
  const TemporaryFolder folder;
  Config config = short_config();
  config.optimizer.state = StateDType::bf16;
  const ToyResult rounded = toy_run(config, 1);
  config.train.stop_at = 3;
  const ToyResult first = toy_run(config, 2, {.checkpoints = folder.path()});
  config.train.stop_at = 0;
  config.optimizer.state = StateDType::f32;
  const ToyResult rest = toy_run(config, 2, {.checkpoints = folder.path(), .resume = true});
  EXPECT_EQ(rest.losses.front(), rounded.losses[3]);  // of the weights that were saved
  EXPECT_NE(rest.weights, rounded.weights);
}

TEST(LayerDecay, RanksAndStagesChangeNoBit) {
  for (const Case& optimizer : {make_case<AdamWMaker>("adamw"), make_case<MuonMaker>("muon")}) {
    Config config = short_config();
    const ToyParts parts{.optimizer = optimizer.make};
    const ToyResult without = toy_run(config, 1, parts);
    config.optimizer.layer_decay = 0.5;
    const ToyResult one = toy_run(config, 1, parts);
    EXPECT_EQ(one.losses.front(), without.losses.front());
    EXPECT_NE(one.weights, without.weights);
    for (const auto& [ranks, stage] : {std::pair(2, 0), std::pair(4, 1), std::pair(4, 3)}) {
      config.parallel.stage = stage;
      const ToyResult found = toy_run(config, ranks, parts);
      expect_equal_bits(one, found);
      EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
    }
  }
}

TEST(Optimizers, EachLearns) {
  for (const Case& optimizer : all_optimizers()) {
    Config config = toy_config();
    config.train.steps = 150;
    const ToyParts parts{.optimizer = optimizer.make};
    const ToyResult result = toy_run(config, 1, parts);
    EXPECT_LT(result.losses.back(), result.losses.front() - 0.1) << optimizer.name;
  }
}

TEST(Optimizers, StopAndResumeOnOtherRanksChangeNoBit) {
  for (const Case& optimizer : all_optimizers())
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      SCOPED_TRACE(optimizer.name);
      const TemporaryFolder folder;
      ToyParts parts{.optimizer = optimizer.make};
      Config config = short_config();
      config.precision = precision;
      const ToyResult whole = toy_run(config, 1, parts);
      parts.checkpoints = folder.path();
      config.parallel.stage = 2;
      config.train.stop_at = 3;
      const ToyResult first = toy_run(config, 4, parts);
      config.parallel.stage = 3;
      config.train.stop_at = 0;
      parts.resume = true;
      expect_equal_bits(whole, joined(first, toy_run(config, 2, parts)));
    }
}

// What a resume with other parts than those of `first` says.
std::string refusal(const Case& first, const Case& second, double first_ema = 0, double second_ema = 0) {
  const TemporaryFolder folder;
  Config config = short_config();
  config.train.stop_at = 3;
  config.train.ema_decay = first_ema;
  toy_run(config, 1, {.checkpoints = folder.path(), .optimizer = first.make});
  config.train.stop_at = 0;
  config.train.ema_decay = second_ema;
  try {
    toy_run(config, 1, {.checkpoints = folder.path(), .resume = true, .optimizer = second.make});
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Optimizers, AnotherOneIsRefusedAtAResume) {
  const auto cases = all_optimizers();
  EXPECT_NE(refusal(cases[0], cases[7]).find("was made with optimizer.name = adamw, the config says lion"),
            std::string::npos);
  EXPECT_NE(refusal(cases[2], cases[3]).find("holds the optimizer states [], the config wants [momentum]"),
            std::string::npos);
  EXPECT_NE(refusal(cases[0], cases[0], 0, 0.9).find("holds the optimizer states [m, v], the config wants [m, v, ema]"),
            std::string::npos);
  EXPECT_EQ(refusal(cases[3], cases[3], 0.9, 0.99), "nothing");
}

TEST(Optimizers, OneThatADeviceHasNotIsRefused) {
  class Unknown final : public Optimizer {
   public:
    std::string_view name() const override { return "unknown"; }
    std::vector<std::string> states() const override { return {}; }
    double learning_rate() const override { return 1; }
    double weight_decay() const override { return 0; }
    std::vector<float> numbers(int64_t, double) const override { return {1}; }
    std::string missing(const Ops&) const override { return "SomeUpdate"; }
    void update(Ops&, Stream&, const UpdateTensors&) const override {}
  };
  EXPECT_THROW(toy_run(toy_config(), 1, {.optimizer = [] { return std::make_unique<Unknown>(); }}), ConfigError);
}

TEST(MovingAverage, IsEvaluatedAndChangesNoWeight) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Config config = short_config();
    config.precision = precision;
    config.evaluate.every_steps = 2;
    const ToyResult without = toy_run(config, 1);
    config.train.ema_decay = 1e-12;  // the average is the weights
    const ToyResult equal = toy_run(config, 1);
    expect_equal_bits(without, equal);
    config.train.ema_decay = 0.75;
    const ToyResult average = toy_run(config, 1);
    EXPECT_EQ(average.weights, without.weights);
    EXPECT_EQ(average.allocated_bytes, average.planned_bytes);
    for (size_t i = 0; i < without.evaluations.size(); ++i)
      EXPECT_NE(average.evaluations[i].loss, without.evaluations[i].loss);
    for (const int ranks : {2, 4})
      for (const int64_t stage : {0, 1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
        config.parallel.stage = stage;
        expect_equal_bits(average, toy_run(config, ranks));
      }
  }
}

std::vector<float> average_of(const CheckpointReader& checkpoint, const std::string& name, const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  checkpoint.read_average(name, {values.data(), DType::f32, shape});
  return values;
}

TEST(MovingAverage, IsSavedAndFollowsTheWeights) {
  const Shape shape{12, 16};
  const std::string name = "transformer.wpe.weight";
  for (const auto& [ranks, stage] : {std::pair(1, 0), std::pair(4, 1), std::pair(2, 3)}) {
    const TemporaryFolder folder;
    Config config = short_config();
    config.parallel.stage = stage;
    config.train.ema_decay = 0.75;
    config.checkpoint.every_steps = 1;
    std::vector<float> before, weights(static_cast<size_t>(shape.elements()));
    for (int64_t step = 1; step <= 3; ++step) {
      config.train.stop_at = step;
      toy_run(config, ranks, {.checkpoints = folder.path(), .resume = step > 1});
      const CheckpointReader checkpoint(folder.path() / checkpoint_name(step), true);
      ASSERT_TRUE(checkpoint.has_average());
      checkpoint.read_weight(name, {weights.data(), DType::f32, shape});
      const std::vector<float> now = average_of(checkpoint, name, shape);
      for (size_t i = 0; i < before.size(); ++i)
        ASSERT_NEAR(now[i], before[i] + 0.25f * (weights[i] - before[i]), 1e-7f) << "element " << i << " step " << step;
      EXPECT_NE(now, weights);
      before = now;
    }
  }
}

TEST(MovingAverage, StopAndResumeOnOtherRanksChangeNoBit) {
  const TemporaryFolder folder;
  Config config = short_config();
  config.precision = Precision::bf16;
  config.train.ema_decay = 0.75;
  config.evaluate.every_steps = 2;
  const ToyResult whole = toy_run(config, 1);
  config.train.stop_at = 3;
  config.parallel.stage = 3;
  const ToyResult first = toy_run(config, 4, {.checkpoints = folder.path()});
  config.train.stop_at = 0;
  config.parallel.stage = 1;
  expect_equal_bits(whole, joined(first, toy_run(config, 2, {.checkpoints = folder.path(), .resume = true})));
}

std::unique_ptr<Schedule> impatient() {
  PlateauMaker keys;
  keys.warmup_steps = 0, keys.patience = 0, keys.factor = 0.5, keys.threshold = 0.05;
  return keys.make();
}

Config plateau_config() {
  Config config = short_config();
  config.train.steps = 14;
  config.evaluate.every_steps = 2;
  return config;
}

TEST(Plateau, LowersTheRateOnAnyRanksAlike) {
  Config config = plateau_config();
  const ToyParts parts{.schedule = impatient};
  const ToyResult one = toy_run(config, 1, parts);
  EXPECT_EQ(one.learning_rates.front(), config.optimizer.kind.make()->learning_rate());
  EXPECT_LT(one.learning_rates.back(), config.optimizer.kind.make()->learning_rate() / 3);
  config.parallel.stage = 1;
  expect_equal_bits(one, toy_run(config, 4, parts));
}

// Also where the run stops at a step of which an evaluation is due.
TEST(Plateau, StopAndResumeChangeNoBit) {
  const ToyResult whole = toy_run(plateau_config(), 1, {.schedule = impatient});
  for (const int64_t stop : {5, 8}) {
    SCOPED_TRACE(stop);
    const TemporaryFolder folder;
    Config config = plateau_config();
    config.train.stop_at = stop;
    const ToyResult first = toy_run(config, 2, {.checkpoints = folder.path(), .schedule = impatient});
    config.train.stop_at = 0;
    const ToyResult rest = toy_run(config, 1, {.checkpoints = folder.path(), .resume = true, .schedule = impatient});
    expect_equal_bits(whole, joined(first, rest));
    EXPECT_EQ(rest.position.schedule, whole.position.schedule);
  }
}

TEST(Plateau, GoesBackWithARollback) {
  Config config = plateau_config();
  config.train.steps = 40;
  config.optimizer.kind.as<AdamWMaker>()->lr = 1e-2;
  config.checkpoint.every_steps = 10;
  config.guard = {.spike_sigma = 4, .window_steps = 8, .rollback = true};
  const auto wrong = [](int64_t sample) { return sample / 16 + 1 == 25; };
  const auto schedule = [] {
    PlateauMaker keys;
    keys.warmup_steps = 0, keys.patience = 1, keys.factor = 0.9, keys.threshold = 0.05;
    return keys.make();
  };
  const TemporaryFolder folder, second;
  const ToyResult found =
      toy_run(config, 2, {.mislabelled = wrong, .checkpoints = folder.path(), .schedule = schedule});
  ASSERT_EQ(found.rollbacks.size(), 1u);
  ASSERT_EQ(found.rollbacks[0].step, 20);
  ASSERT_LT(found.learning_rates.back(), found.learning_rates.front());
  config.train.stop_at = 24;  // killed before the spike, and on from there
  toy_run(config, 1, {.mislabelled = wrong, .checkpoints = second.path(), .schedule = schedule});
  config.train.stop_at = 0;
  const ToyResult rest =
      toy_run(config, 4, {.mislabelled = wrong, .checkpoints = second.path(), .resume = true, .schedule = schedule});
  EXPECT_EQ(rest.weights, found.weights);
  EXPECT_EQ(rest.position.schedule, found.position.schedule);
}

TEST(Plateau, WantsEvaluations) {
  Config config = plateau_config();
  config.evaluate.every_steps = 0;
  EXPECT_THROW(toy_run(config, 1, {.schedule = impatient}), ConfigError);
  config = plateau_config();
  config.evaluate.batches = 0;
  EXPECT_THROW(toy_run(config, 1, {.schedule = impatient}), ConfigError);
  EXPECT_THROW(toy_run(plateau_config(), 1, {.validation_samples = 0, .schedule = impatient}), ConfigError);
}

}  // namespace
}  // namespace convoy
