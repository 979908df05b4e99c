// Evaluations of a classifier: metrics, per-sample losses and names, on any number of ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "comm/gradient_sync.h"
#include "comm/local/thread_communicator.h"
#include "core/layers/linear.h"
#include "core/layers/losses.h"
#include "core/metrics/class_counts.h"
#include "core/train/make_mesh.h"
#include "core/train/trainer.h"
#include "kernels/cpu/cpu_device.h"

namespace convoy {
namespace {

constexpr int64_t kInputs = 4, kClasses = 3;

// Three overlapping clouds; sample i is a function of its split and i. One in seven is of another class than its place.
class Clouds final : public BatchSource {
 public:
  const std::vector<BatchField>& fields() const override { return fields_; }
  int64_t samples(Split split) const override { return split == Split::train ? 90 : split == Split::test ? 17 : 23; }
  void read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) override {
    for (int64_t i = 0; i < count; ++i) {
      const auto number = static_cast<double>((first + i) % samples(split) + 1000 * static_cast<int64_t>(split));
      const auto place = static_cast<int32_t>(first + i) % kClasses;
      for (int64_t k = 0; k < kInputs; ++k)
        out[0].as<float>()[i * kInputs + k] =
            static_cast<float>(std::sin(number * (1.7 + static_cast<double>(k))) + (k == place ? 1.5 : 0));
      out[1].as<int32_t>()[i] = (first + i) % 7 == 3 ? static_cast<int32_t>((place + 1) % kClasses) : place;
    }
  }

 private:
  std::vector<BatchField> fields_{{"x", DType::f32, {kInputs}}, {"y", DType::i32, {}}};
};

Graph classifier(int64_t B) {
  Graph graph;
  const ValueId x = graph.add_input("x", {DType::f32, {B, kInputs}});
  const ValueId logits =
      graph.add("linear", std::make_unique<Linear>(LinearOptions{"linear", kInputs, kClasses, 0.1f}), {x})[0];
  const ValueId y = graph.add_input("y", {DType::i32, {B}});
  graph.set_output("predictions", logits);
  graph.set_output("targets", y);
  graph.set_loss(graph.add("loss", std::make_unique<SoftmaxCrossEntropy>(CrossEntropyOptions{"loss"}), {logits, y}));
  return graph;
}

struct Result : TrainingObserver {
  std::vector<EvaluationMetrics> evaluations;
  std::vector<FinalMetrics> finals;
  void on_evaluation(const EvaluationMetrics& m) override { evaluations.push_back(m); }
  void on_final(const FinalMetrics& m) override { finals.push_back(m); }
};

Config config_of(int64_t micro) {
  Config config;
  config.model.family.choose("layers");
  config.train = {.epochs = 4};
  config.batch = {.micro = micro, .global = 12};
  config.parallel.virtual_ranks = 12 / micro;
  for (const char* name : {"accuracy", "auc", "f1", "precision", "recall", "top_k", "confusion_matrix"})
    config.evaluate.metrics.emplace_back(metric_kinds(), name);
  config.evaluate.metrics[2].as<F1>()->average = Average::none;
  config.evaluate.metrics[5].as<TopK>()->k = 2;
  return config;
}

Result evaluated(const Config& config, int ranks) {
  std::vector<Result> results(static_cast<size_t>(ranks));
  on_threads(ranks, [&](Communicator& communicator) {
    const std::unique_ptr<Device> device = cpu::make_cpu_device(1);
    Clouds source;
    const Mesh mesh = make_mesh(config.parallel, communicator);
    TrainerParts parts{.config = config,
                       .device = *device,
                       .mesh = mesh,
                       .source = source,
                       .graph = classifier(config.batch.micro),
                       .virtual_ranks = config.parallel.virtual_ranks.value_or(1),
                       .gradient_sync = gradient_sync_maker()};
    parts.class_names = {"red", "green", "blue"};
    parts.observers = {&results[static_cast<size_t>(communicator.rank())]};
    Trainer(std::move(parts)).run();
  });
  for (const Result& result : results) EXPECT_EQ(result.evaluations.size(), results[0].evaluations.size());
  return results[0];
}

void expect_equal(const EvaluationMetrics& a, const EvaluationMetrics& b) {
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.metrics, b.metrics);
  EXPECT_EQ(a.matrices, b.matrices);
  EXPECT_EQ(a.worst, b.worst);
}

// 23 samples in micro-batches of two: a last one that is partial, and ranks without a batch in the last round.
TEST(Evaluation, IsTheSameOnAnyNumberOfRanks) {
  const Result one = evaluated(config_of(2), 1);
  ASSERT_EQ(one.evaluations.size(), 4u);
  ASSERT_EQ(one.finals.size(), 1u);
  for (const int ranks : {3, 6}) {
    SCOPED_TRACE(ranks);
    const Result more = evaluated(config_of(2), ranks);
    ASSERT_EQ(more.evaluations.size(), one.evaluations.size());
    for (size_t i = 0; i < one.evaluations.size(); ++i) expect_equal(more.evaluations[i], one.evaluations[i]);
    ASSERT_EQ(more.finals.size(), 1u);
    for (size_t i = 0; i < 2; ++i) expect_equal(more.finals[0].splits.at(i).second, one.finals[0].splits.at(i).second);
  }
}

// The weights have other bits, as their virtual ranks are others.
TEST(Evaluation, IsTheSameOnTwoAndFourRanks) {
  Config config = config_of(1);
  config.parallel.virtual_ranks = 4;
  const Result one = evaluated(config, 1);
  for (const int ranks : {2, 4}) {
    SCOPED_TRACE(ranks);
    const Result more = evaluated(config, ranks);
    ASSERT_EQ(more.evaluations.size(), one.evaluations.size());
    for (size_t i = 0; i < one.evaluations.size(); ++i) expect_equal(more.evaluations[i], one.evaluations[i]);
  }
}

TEST(Evaluation, CountsEverySampleOnceWithItsNames) {
  const Result result = evaluated(config_of(4), 3);
  const EvaluationMetrics& last = result.evaluations.back();
  EXPECT_EQ(last.tokens, 23);
  EXPECT_EQ(last.unit, kSamples);
  std::vector<std::string> names;
  for (const auto& [name, value] : last.metrics) {
    names.push_back(name);
    EXPECT_TRUE(value >= 0 && value <= 1) << name << " is " << value;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"accuracy", "auc", "f1_red", "f1_green", "f1_blue", "precision", "recall",
                                             "top_k"}));
  const Matrix& matrix = last.matrices.at(0).second;
  EXPECT_EQ(matrix.labels, (std::vector<std::string>{"red", "green", "blue"}));
  double all = 0, right = 0;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) all += matrix.at(i, j), right += i == j ? matrix.at(i, j) : 0;
  EXPECT_EQ(all, 23);
  EXPECT_EQ(last.metrics[0].second, right / 23);
  EXPECT_EQ(result.finals.at(0).splits.at(1).first, "test");
  EXPECT_EQ(result.finals[0].splits[1].second.tokens, 17);
}

// The worst of 23 samples, without the partial batch's copies, in order; their losses follow from their logits.
TEST(Evaluation, TellsTheWorstSamples) {
  const EvaluationMetrics last = evaluated(config_of(2), 3).evaluations.back();
  ASSERT_EQ(last.worst.size(), 16u);
  std::set<int64_t> samples;
  for (size_t i = 0; i < last.worst.size(); ++i) {
    const SampleLoss& sample = last.worst[i];
    samples.insert(sample.sample);
    EXPECT_TRUE(sample.sample >= 0 && sample.sample < 23);
    EXPECT_LE(sample.loss, last.worst[i == 0 ? 0 : i - 1].loss);
    ASSERT_EQ(sample.prediction.size(), 3u);
    double sum = 0;
    for (const float logit : sample.prediction) sum += std::exp(static_cast<double>(logit));
    const double logit = static_cast<double>(sample.prediction.at(static_cast<size_t>(sample.target_class)));
    EXPECT_NEAR(sample.loss, std::log(sum) - logit, 1e-5);
  }
  EXPECT_EQ(samples.size(), 16u) << "none twice";
  EXPECT_GE(last.worst.front().loss * 23, last.loss * 23) << "no worse than the mean";
}

TEST(Evaluation, StopsByAMetric) {
  Config config = config_of(2);
  config.train.epochs = 30;
  config.evaluate.patience = 2;
  config.evaluate.watch = "f1_green";
  config.evaluate.min_delta = 0.05;
  const Result one = evaluated(config, 1), three = evaluated(config, 3);
  EXPECT_LT(one.evaluations.size(), 30u);
  ASSERT_EQ(three.evaluations.size(), one.evaluations.size());
  const auto green = [&](size_t i) { return one.evaluations[i].metrics.at(3).second; };
  const size_t last = one.evaluations.size() - 1;
  EXPECT_LE(std::max(green(last), green(last - 1)), green(last - 2) + 0.05);
}

}  // namespace
}  // namespace convoy
