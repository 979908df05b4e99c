// Runs whose losses weigh or ignore classes: PyTorch's losses, gradients and evaluations over the whole global batch
// (tests/reference/class_weights.py), in the same bits on any number of ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "comm/gradient_sync.h"
#include "comm/local/thread_communicator.h"
#include "core/layers/linear.h"
#include "core/layers/losses.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/schedule_makers.h"
#include "core/train/make_mesh.h"
#include "core/train/trainer.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

constexpr int64_t kNumbers = 4, kLabels = 5, kReferenceSteps = 5, kRowsOfStep = 12;
constexpr int32_t kIgnored = 2;

// The rows of the reference, in order.
class ReferenceRows final : public BatchSource {
 public:
  explicit ReferenceRows(const test::ReferenceFile& file) {
    for (const Split split : {Split::train, Split::validation}) {
      const std::string name(name_of(split));
      x_.push_back(file.floats(name + "/x"));
      y_.push_back(file.integers(name + "/y"));
    }
  }
  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override {
    return split == Split::test ? 0 : static_cast<int64_t>(y_[static_cast<size_t>(split)].size());
  }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override {
    const auto& x = x_[static_cast<size_t>(split)];
    const auto& y = y_[static_cast<size_t>(split)];
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = (first + i) % samples(split);
      std::copy_n(x.begin() + row * kNumbers, kNumbers, out[0].as<float>() + i * kNumbers);
      out[1].as<int32_t>()[i] = y[static_cast<size_t>(row)];
    }
  }

 private:
  std::vector<BatchField> fields_{{"x", DType::f32, {kNumbers}}, {"y", DType::i32, {}}};
  std::vector<std::vector<float>> x_;
  std::vector<std::vector<int32_t>> y_;
};

// From weights of zero.
Graph regression(int64_t B, CrossEntropyOptions loss) {
  Graph graph;
  const ValueId x = graph.add_input("x", {DType::f32, {B, kNumbers}});
  const ValueId logits =
      graph.add("linear", std::make_unique<Linear>(LinearOptions{"linear", kNumbers, kLabels, 0}), {x})[0];
  const ValueId y = graph.add_input("y", {DType::i32, {B}});
  graph.set_output("predictions", logits);
  graph.set_output("targets", y);
  graph.set_loss(graph.add("loss", std::make_unique<SoftmaxCrossEntropy>(std::move(loss)), {logits, y}));
  return graph;
}

struct Descent : TrainingObserver {
  std::vector<double> losses, norms;
  std::vector<EvaluationMetrics> evaluations;
  void on_step(const StepMetrics& m) override {
    losses.push_back(m.loss);
    norms.push_back(m.grad_norm);
  }
  void on_evaluation(const EvaluationMetrics& m) override { evaluations.push_back(m); }
};

Config descent_of(int64_t virtual_ranks, int64_t stage) {
  Config config;
  config.model.family.choose("layers");
  config.train.steps = kReferenceSteps;
  config.train.clip_norm = 0.4;
  config.batch = {.micro = 2, .global = kRowsOfStep};
  config.optimizer.kind.choose("sgd");
  config.optimizer.kind.as<SgdMaker>()->lr = 0.5;
  config.schedule.kind.choose("constant");
  config.schedule.kind.as<ConstantMaker>()->warmup_steps = 0;
  config.parallel.virtual_ranks = virtual_ranks;
  config.parallel.stage = stage;
  config.evaluate.every_steps = kReferenceSteps;
  config.evaluate.batches = 100;
  config.evaluate.metrics.emplace_back(metric_kinds(), "accuracy");
  return config;
}

class ClassWeights : public testing::Test {
 protected:
  Descent run(const CrossEntropyOptions& loss, int ranks = 1, int64_t virtual_ranks = 6, int64_t stage = 0) {
    Descent outcome;
    const Config config = descent_of(virtual_ranks, stage);
    on_threads(ranks, [&](Communicator& communicator) {
      const std::unique_ptr<Device> device = cpu::make_cpu_device(1);
      ReferenceRows source(file_);
      const Mesh mesh = make_mesh(config.parallel, communicator);
      TrainerParts parts{.config = config,
                         .device = *device,
                         .mesh = mesh,
                         .source = source,
                         .graph = regression(config.batch.micro, loss),
                         .virtual_ranks = config.parallel.virtual_ranks.value_or(1),
                         .gradient_sync = gradient_sync_maker()};
      if (communicator.rank() == 0) parts.observers = {&outcome};
      Trainer(std::move(parts)).run();
    });
    return outcome;
  }

  CrossEntropyOptions weighted() const { return {.name = "loss", .class_weights = file_.floats("weights")}; }
  CrossEntropyOptions ignoring() const { return {.name = "loss", .ignored = kIgnored}; }
  CrossEntropyOptions all() const {
    return {.name = "loss", .label_smoothing = 0.125f, .class_weights = file_.floats("weights"), .ignored = kIgnored};
  }

  void expect_pytorch(const std::string& name, const Descent& found) {
    SCOPED_TRACE(name);
    const std::vector<double> losses = file_.doubles(name + "/losses"), norms = file_.doubles(name + "/grad_norms");
    ASSERT_EQ(found.losses.size(), losses.size());
    for (size_t i = 0; i < losses.size(); ++i) {
      EXPECT_NEAR(found.losses[i], losses[i], 1e-5 * losses[i]) << "step " << i;
      EXPECT_NEAR(found.norms[i], norms[i], 1e-5 * norms[i]) << "step " << i;
    }
    ASSERT_EQ(found.evaluations.size(), 1u);
    const EvaluationMetrics& evaluation = found.evaluations[0];
    const double loss = file_.doubles(name + "/evaluation")[0], counted = file_.doubles(name + "/counted")[0];
    EXPECT_NEAR(evaluation.loss, loss, 1e-5 * loss);
    EXPECT_EQ(static_cast<double>(evaluation.tokens), counted);
    EXPECT_EQ(evaluation.metrics.at(0).second, file_.doubles(name + "/right")[0] / counted);
  }

  test::ReferenceFile file_{test::reference_path("class_weights.h5")};
};

TEST_F(ClassWeights, LossesGradientsAndEvaluationsArePyTorchs) {
  expect_pytorch("plain", run({"loss"}));
  expect_pytorch("weighted", run(weighted()));
  expect_pytorch("ignored", run(ignoring()));
  expect_pytorch("all", run(all()));
}

TEST_F(ClassWeights, RanksAndStagesChangeNoBit) {
  struct Case {
    int64_t virtual_ranks;
    int ranks;
    int64_t stage;
  };
  for (const CrossEntropyOptions& loss : {weighted(), ignoring(), all()})
    for (const Case& c : {Case{2, 2, 0}, Case{2, 2, 3}, Case{6, 3, 0}, Case{6, 3, 1}, Case{6, 6, 2}}) {
      SCOPED_TRACE(testing::Message() << c.ranks << " of " << c.virtual_ranks << " ranks, stage " << c.stage);
      const Descent one = run(loss, 1, c.virtual_ranks), more = run(loss, c.ranks, c.virtual_ranks, c.stage);
      EXPECT_EQ(more.losses, one.losses);
      EXPECT_EQ(more.norms, one.norms);
      ASSERT_EQ(more.evaluations.size(), 1u);
      EXPECT_EQ(more.evaluations[0].loss, one.evaluations[0].loss);
      EXPECT_EQ(more.evaluations[0].tokens, one.evaluations[0].tokens);
      EXPECT_EQ(more.evaluations[0].metrics, one.evaluations[0].metrics);
    }
}

// Weights that are all alike change nothing but roundings.
TEST_F(ClassWeights, OnlyTheirProportionsCount) {
  const Descent plain = run({"loss"}),
                alike = run({.name = "loss", .class_weights = std::vector<float>(kLabels, 8)}, 3);
  for (size_t i = 0; i < plain.losses.size(); ++i) EXPECT_NEAR(alike.losses[i], plain.losses[i], 1e-6);
  EXPECT_EQ(alike.evaluations[0].tokens, plain.evaluations[0].tokens);
}

}  // namespace
}  // namespace convoy
