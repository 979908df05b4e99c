// Batch norm beside PyTorch: tests/reference/batch_norm.py made the numbers, in float64.
#include <gtest/gtest.h>

#include <cmath>

#include "comm/local/local_communicator.h"
#include "core/base/bf16.h"
#include "core/layers/batch_norm.h"
#include "core/layers/linear.h"
#include "core/layers/losses.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/optimizer_step.h"
#include "core/parameters/initialise.h"
#include "core/train/model.h"
#include "tests/support/reference_file.h"
#include "tests/support/test_device.h"

namespace convoy {
namespace {

using test::read;

// f32 or bf16 as floats.
std::vector<float> floats_of(const Tensor& tensor) {
  if (tensor.dtype == DType::f32) return read<float>(tensor);
  std::vector<float> values;
  for (const bf16 value : read<bf16>(tensor)) values.push_back(static_cast<float>(value));
  return values;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], tolerance * (1 + std::abs(static_cast<double>(expected[i]))))
        << what << ", element " << i;
}

class BatchNormReference : public testing::Test {
 protected:
  void make(Graph graph, DType dtype) {
    model_ = std::make_unique<Model>(device_, stream_, std::move(graph), ModelOptions{.dtype = dtype});
  }

  // Every parameter from the file, by name(parameter).
  void set_weights(const std::function<std::string(const std::string&)>& name) {
    for (ParameterStorage* storage : model_->storages()) {
      std::vector<float> values(static_cast<size_t>(storage->layout().padded_elements()));
      for (const Parameter& p : storage->layout().parameters())
        std::ranges::copy(file_.floats(name(p.spec.name)), values.begin() + p.offset);
      convoy::set_weights(*storage, device_, stream_, values);
      if (storage->is_trained()) stream_.zero(storage->gradients().data, storage->gradients().bytes());
    }
  }

  Tensor weight(const std::string& name) const {
    for (ParameterStorage* storage : model_->storages())
      if (const int p = storage->layout().find_or_elsewhere(name); p != ParameterLayout::kElsewhere)
        return storage->weight(p);
    throw std::logic_error("no parameter " + name);
  }

  void put(const Program& program, const std::string& input, std::vector<float> values) {
    const Tensor to = program.input(input);
    ASSERT_EQ(values.size(), static_cast<size_t>(to.elements()));
    std::vector<bf16> rounded(values.begin(), values.end());
    stream_.copy(to.data, to.dtype == DType::f32 ? static_cast<void*>(values.data()) : rounded.data(), to.bytes());
    stream_.synchronize();
  }

  test::ReferenceFile file_{test::reference_path("batch_norm.h5")};
  Device& device_ = test::test_device();
  Stream& stream_ = test::test_stream();
  std::unique_ptr<Model> model_;
};

// Called as a program would, on the test device.
TEST_F(BatchNormReference, ValuesGradientsAndAveragesOfPictures) {
  const Shape shape{4, 5, 3, 6};
  for (const auto& [dtype, tolerance] : {std::pair(DType::f32, 1e-5), std::pair(DType::bf16, 1e-2)}) {
    const BatchNorm layer({.name = "layer", .momentum = 0.25f, .eps = 1e-3f});
    const std::vector<TensorSpec> inputs{{dtype, shape}};
    const LayerPlan plan = layer.plan(inputs, Purpose::training);
    std::vector<test::TestMemory> memory;
    const auto make = [&](DType type, const Shape& of, const std::vector<float>& values) {
      Tensor tensor{nullptr, type, of};
      memory.emplace_back(tensor.bytes());
      tensor.data = memory.back().data();
      const std::vector<bf16> rounded(values.begin(), values.end());
      const void* from = type == DType::f32 ? static_cast<const void*>(values.data()) : rounded.data();
      if (!values.empty()) test::copy_bytes(tensor.data, from, tensor.bytes());
      return tensor;
    };
    LayerTensors t;
    t.inputs = {make(dtype, shape, file_.floats("layer/x"))};
    t.outputs = {make(dtype, shape, {})};
    t.saved = {make(DType::f32, {6}, {}), make(DType::f32, {6}, {})};
    for (const ParameterSpec& p : plan.parameters) {
      t.weights.push_back(make(p.dtype(dtype), p.shape, file_.floats(std::string(p.name).replace(5, 1, "/"))));
      t.weight_gradients.push_back(make(DType::f32, p.shape, std::vector<float>(6)));
    }
    t.output_gradients = {make(dtype, shape, file_.floats("layer/dy"))};
    t.input_gradients = {make(dtype, shape, {})};
    const auto run = [&](bool training, const auto& call) {
      Pass pass{.ops = device_.ops(), .stream = stream_, .measuring = true, .training = training};
      call(pass);
      const test::TestMemory scratch(pass.scratch.peak_bytes());
      pass.measuring = false;
      pass.scratch = Scratch({scratch.data(), DType::u8, {static_cast<int64_t>(pass.scratch.peak_bytes())}});
      call(pass);
      stream_.synchronize();
    };
    run(true, [&](Pass& pass) { layer.forward(pass, t); });
    expect_near(floats_of(t.outputs[0]), file_.floats("layer/y"), tolerance, "y");
    run(true, [&](Pass& pass) { layer.backward(pass, t); });
    // Gradients of a column are sums over 60 rows.
    expect_near(floats_of(t.input_gradients[0]), file_.floats("layer/dx"), 2 * tolerance, "dx");
    expect_near(floats_of(t.weight_gradients[0]), file_.floats("layer/dweight"), 4 * tolerance, "dweight");
    expect_near(floats_of(t.weight_gradients[1]), file_.floats("layer/dbias"), 4 * tolerance, "dbias");
    for (const size_t which : {2u, 3u}) {
      const std::string name = which == 2 ? "running_mean" : "running_var";
      std::vector<float> average = file_.floats("layer/" + name), change = floats_of(t.weight_gradients[which]);
      for (size_t c = 0; c < average.size(); ++c) average[c] += change[c];
      expect_near(average, file_.floats("layer/new_" + name), tolerance, name);
      t.weights[which] = make(DType::f32, {6}, average);
    }
    run(false, [&](Pass& pass) { layer.forward(pass, t); });
    expect_near(floats_of(t.outputs[0]), file_.floats("layer/y_evaluation"), tolerance, "y of an evaluation");
  }
}

Graph model_graph(int64_t rows) {
  Graph graph;
  const auto add = [&](const std::string& name, auto layer, ValueId x) {
    return graph.add(name, std::make_unique<decltype(layer)>(std::move(layer)), {x})[0];
  };
  ValueId x = graph.add_input("x", {DType::f32, {rows, 6}});
  x = add("in", BatchNorm({.name = "in"}), x);
  x = add("hidden", Linear({"hidden", 6, 8}), x);
  x = add("norm", BatchNorm({.name = "norm", .scale = false, .bias = false}), x);
  x = add("out", Linear({"out", 8, 2}), x);
  graph.set_output("predictions", x);
  const ValueId y = graph.add_input("y", {DType::f32, {rows, 2}});
  graph.set_loss(graph.add("loss", std::make_unique<NumberLoss>("mse"), {x, y}));
  return graph;
}

TEST_F(BatchNormReference, TwentyStepsFollowPyTorch) {
  const auto rows = static_cast<int64_t>(file_.attribute("rows")),
             steps = static_cast<int64_t>(file_.attribute("steps"));
  make(model_graph(rows), DType::f32);
  set_weights([](const std::string& name) { return "model/first/" + name; });
  ASSERT_EQ(model_->groups().size(), 2u);
  const std::unique_ptr<Optimizer> sgd = SgdMaker().make();
  const auto alone = make_local_communicator();
  const auto unused = device_.make_stream(StreamKind::communication);
  Communication communication(device_, stream_, *unused, *alone);
  OptimizerStep optimizer(
      communication, {{*model_->groups()[0]}, {.parameters = *model_->groups()[1], .role = ParameterRole::statistic}},
      *sgd, {.clip_norm = 0});
  const std::vector<float> x = file_.floats("model/x"), y = file_.floats("model/y");
  const std::vector<double> losses = file_.doubles("model/losses");
  const auto batch = [&](const std::vector<float>& all, int64_t step, int64_t columns) {
    return std::vector<float>(all.begin() + step * rows * columns, all.begin() + (step + 1) * rows * columns);
  };
  for (int64_t step = 0; step < steps; ++step) {
    put(model_->training(), "x", batch(x, step, 6));
    put(model_->training(), "y", batch(y, step, 2));
    for (const auto& group : model_->groups()) stream_.zero(group->gradients().data, group->gradients().bytes());
    Pass pass{.ops = device_.ops(), .stream = stream_, .training = true};
    pass.loss_scale = 1.0f / static_cast<float>(rows);
    model_->training().run(pass);
    double sum = 0;
    for (const float loss : read<float>(model_->training().result())) sum += static_cast<double>(loss);
    EXPECT_NEAR(sum / static_cast<double>(rows), losses[static_cast<size_t>(step)], 1e-5) << "step " << step;
    optimizer.step(step + 1, file_.attribute("lr"), true);
    stream_.synchronize();
  }
  for (const auto& node : model_->graph().nodes())
    for (const ParameterSpec& p : node.plan.parameters)
      expect_near(floats_of(weight(p.name)), file_.floats("model/last/" + p.name), 1e-5, p.name);
  put(model_->evaluation(), "x", batch(x, 0, 6));
  put(model_->evaluation(), "y", batch(y, 0, 2));
  Pass pass{.ops = device_.ops(), .stream = stream_};
  model_->evaluation().run(pass);
  stream_.synchronize();
  expect_near(floats_of(model_->evaluation().output("predictions")), file_.floats("model/predictions"), 1e-5,
              "predictions of an evaluation");
}

}  // namespace
}  // namespace convoy
