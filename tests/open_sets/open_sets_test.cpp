// The open sets are open: an operator, a layer, a family, a loss, an optimizer, a metric and a kind of dataset that
// live in this folder alone are named by a config, trained, evaluated, saved and resumed, with the same bits on any
// number of ranks, by the engine as it is.
#include <gtest/gtest.h>

#include <mutex>

#include "comm/gradient_sync.h"
#include "comm/local/thread_communicator.h"
#include "core/base/error.h"
#include "core/models/layers_family.h"
#include "core/train/make_mesh.h"
#include "core/train/trainer.h"
#include "kernels/cpu/cpu_device.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"
#include "launcher/model_and_data.h"
#include "launcher/model_choice.h"
#include "tests/core/temporary_folder.h"
#include "tests/open_sets/toy_dataset.h"
#include "tests/open_sets/toy_family.h"
#include "tests/open_sets/toy_layer.h"
#include "tests/open_sets/toy_metric.h"
#include "tests/open_sets/toy_optimizer.h"

namespace convoy::test {
namespace {

// The program's tables and one line each.
template <class AnyKind>
std::vector<AnyKind> with(std::span<const AnyKind> kinds, AnyKind one) {
  std::vector<AnyKind> all(kinds.begin(), kinds.end());
  all.push_back(one);
  return all;
}

const auto kLayers = with(layer_item_kinds(), LayerItemKind{"cube", "the cube", make_maker<CubeItem>});

std::unique_ptr<Family> make_layers() { return std::make_unique<LayersFamily>(kLayers); }

const std::vector<FamilyKind> kFamilies{{"cubic", "a line through a cube", make_maker<CubicFamily>},
                                        {"gpt2", "as ever", family_kinds()[0].maker},
                                        {"layers", "with a layer more", make_layers}};
const auto kLosses = with(loss_kinds(), LossKind{"toy", "of a toy", make_maker<ToyLoss>});
const auto kOptimizers = with(optimizer_kinds(), Kind<Optimizer>{"sign", "the sign", make_maker<SignMaker>});
const auto kMetrics = with(metric_kinds(), MetricKind{"within", "share that is near", make_maker<Within>});
const auto kDatasets = with(dataset_kinds(), DatasetKind{"cubes", "a cube", "samples", open_cubes});

Config parse(const std::string& model, const std::vector<std::string>& words = {}) {
  const std::string text = model + R"(
loss: {name: toy}
optimizer: {name: sign, lr: 0.01}
schedule: {name: cosine, warmup_steps: 0, final_ratio: 0.01}
batch: {micro: 2, global: 16}
train: {steps: 300}
parallel: {virtual_ranks: 4}
evaluate: {every_steps: 100, batches: 1000, metrics: [{within: {distance: 0.05}}, rmse]}
checkpoint: {every_steps: 100}
device: cpu
)";
  const OpenSets sets{.families = kFamilies, .losses = kLosses, .optimizers = kOptimizers, .metrics = kMetrics};
  return parse_config(text, "toy.yaml", words, Config(sets));
}

constexpr const char* kCubic = "model: {family: cubic, factor: 1}\n";
constexpr const char* kListed = "model: {family: layers, layers: [{linear: {units: 1}}, {cube: {factor: 1}}]}\n";

class OpenSetsTest : public testing::Test {
 protected:
  void SetUp() override { write_cubes(data_.path()); }

  struct Result {
    std::vector<std::byte> weights;
    std::vector<double> losses;
    EvaluationMetrics evaluation;
  };

  class Recorder final : public TrainingObserver {
   public:
    explicit Recorder(Result& result) : result_(result) {}
    void on_step(const StepMetrics& m) override { result_.losses.push_back(m.loss); }
    void on_evaluation(const EvaluationMetrics& m) override { result_.evaluation = m; }

   private:
    Result& result_;
  };

  Result train(Config config, int ranks, const std::filesystem::path& checkpoints = {}, bool resume = false) {
    Result result;
    on_threads(ranks, [&](Communicator& communicator) {
      Config own = config;
      const std::unique_ptr<Device> device = cpu::make_cpu_device(1);
      add_toy_operator(device->ops());
      const std::unique_ptr<Dataset> data = open_dataset(data_.path(), dataset_needs(own), kDatasets);
      resolve_model_by_data(own, *data);
      Graph graph = make_loss_graph(own);
      check_inputs(graph, *data);
      Result mine;
      Recorder recorder(mine);
      std::unique_ptr<CheckpointStore> store;
      if (!checkpoints.empty())
        store = std::make_unique<CheckpointStore>(communicator,
                                                  CheckpointStoreOptions{.folder = checkpoints, .nonce = "toy"});
      const Mesh mesh = make_mesh(own.parallel, communicator);
      TrainerParts parts{.config = own,
                         .device = *device,
                         .mesh = mesh,
                         .source = *data,
                         .graph = std::move(graph),
                         .virtual_ranks = 4};
      parts.gradient_sync = gradient_sync_maker();
      parts.checkpoints = store.get();
      parts.observers = {&recorder};
      Trainer trainer(std::move(parts));
      if (resume) trainer.resume(CheckpointReader(find_checkpoint(checkpoints).value(), true));
      trainer.run();
      const CheckpointContents state = trainer.state();
      if (communicator.rank() != 0) return;
      for (const NamedTensor& weight : state.weights)
        mine.weights.insert(mine.weights.end(), weight.tensor.as<std::byte>(),
                            weight.tensor.as<std::byte>() + weight.tensor.bytes());
      result = std::move(mine);
    });
    return result;
  }

  TemporaryFolder data_, folder_;
};

TEST_F(OpenSetsTest, AModelOfToysLearns) {
  for (const char* model : {kCubic, kListed}) {
    const Result result = train(parse(model), 1);
    ASSERT_EQ(result.losses.size(), 300u);
    EXPECT_LT(result.losses.back(), 0.1 * result.losses.front());
    ASSERT_EQ(result.evaluation.metrics.size(), 2u);
    EXPECT_EQ(result.evaluation.metrics[0].first, "within");
    EXPECT_GT(result.evaluation.metrics[0].second, 0.9);
    EXPECT_EQ(result.evaluation.metrics[1].first, "rmse");
    EXPECT_EQ(result.evaluation.unit, kSamples);
  }
}

TEST_F(OpenSetsTest, TheSameBitsOnAnyNumberOfRanksAndStages) {
  const Result one = train(parse(kListed), 1);
  for (const int ranks : {2, 4})
    for (const char* stage : {"0", "1", "2", "3"}) {
      const Result more = train(parse(kListed, {std::string("parallel.stage=") + stage}), ranks);
      EXPECT_EQ(more.weights, one.weights) << ranks << " ranks, stage " << stage;
      EXPECT_EQ(more.evaluation.loss, one.evaluation.loss);
      EXPECT_EQ(more.evaluation.metrics, one.evaluation.metrics);
    }
}

TEST_F(OpenSetsTest, WhatIsSavedGoesOn) {
  const Result whole = train(parse(kCubic), 1);
  train(parse(kCubic, {"train.stop_at=60"}), 2, folder_.path());
  EXPECT_EQ(train(parse(kCubic), 1, folder_.path(), true).weights, whole.weights);
}

TEST_F(OpenSetsTest, ADeviceWithoutTheOperatorIsNamed) {
  Config config = parse(kListed);
  const std::unique_ptr<Device> device = cpu::make_cpu_device(1);
  const std::unique_ptr<Dataset> data = open_dataset(data_.path(), dataset_needs(config), kDatasets);
  resolve_model_by_data(config, *data);
  try {
    ModelPlan(device->ops(), make_loss_graph(config), {});
    FAIL() << "planned without an operator";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("layers.1.cube: device cpu has no ToyCube"), std::string::npos)
        << error.what();
  }
}

TEST_F(OpenSetsTest, TheirKeysAreKeysLikeAllOthers) {
  const Config config = parse(kListed, {"model.layers.1.cube.factor=2", "evaluate.metrics.0.within.distance=0.25"});
  const std::string yaml = to_yaml(config);
  EXPECT_NE(yaml.find("factor: 2.0"), std::string::npos) << yaml;
  EXPECT_NE(yaml.find("distance: 0.25"), std::string::npos) << yaml;
  EXPECT_NE(config_page(config).find("# name: sign"), std::string::npos + 1);
  try {
    parse(kListed, {"model.layers.1.cube.factor=20"});
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("model.layers.1.cube.factor = 20; at most 10 is wanted"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace convoy::test
