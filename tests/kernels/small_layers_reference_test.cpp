// Small layers and losses against PyTorch's float64 results: tests/reference/small_layers.h5, written by
// small_layers.py beside it.
#include <algorithm>
#include <string>

#include "core/ops/activation.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/gate.h"
#include "core/ops/pointwise_loss.h"
#include "core/ops/softmax.h"
#include "tests/kernels/support/ops_test.h"
#include "tests/support/reference_file.h"

namespace convoy::test {
namespace {

constexpr float kScale = 0.25f;  // of the sum of losses
constexpr int64_t kRows = 9, kNumbers = 13;

struct NamedRule {
  const char* name;
  LossRule rule;
  float number;
};
constexpr NamedRule kRules[] = {{"mse", LossRule::squared, 1},
                                {"mae", LossRule::absolute, 1},
                                {"huber", LossRule::huber, 0.7f},
                                {"binary_cross_entropy", LossRule::binary_cross_entropy, 1}};

class SmallLayersReference : public OpsTest, public ::testing::WithParamInterface<DType> {
 protected:
  static DType dtype() { return GetParam(); }
  Array input(const std::string& name, const Shape& shape) const { return Array(shape, dtype(), file_.doubles(name)); }
  Array integers(const std::string& name, const Shape& shape) const {
    return Array(shape, DType::i32, file_.doubles(name));
  }
  static Array zeros(const Shape& shape) { return Array::zeros(shape, dtype()); }
  static Array f32_zeros(const Shape& shape) { return Array::zeros(shape, DType::f32); }
  void expect_reference(const Array& actual, const std::string& name) const {
    expect_near(actual.values(), file_.doubles(name), dtype() == DType::f32 ? 1e-5 : 1e-2, name.c_str());
  }
  void expect_loss(const std::string& name, const Array& losses, const Array& dx) const {
    expect_reference(losses, name + "/losses");
    expect_reference(dx, name + "/dx");
  }

  ReferenceFile file_{reference_path("small_layers.h5")};
};

TEST_P(SmallLayersReference, Activations) {
  for (const auto& [view, kind] : enum_names(Activation{})) {
    if (kind == Activation::none) continue;
    const std::string name(view);
    const Array x = input(name + "/x", {7, 37}), y = zeros({7, 37}), dx = zeros({7, 37});
    run(ActivationForward{y, x, kind, default_number(kind)});
    expect_reference(y, name + "/y");
    run(ActivationBackward{dx, input(name + "/gradient", {7, 37}), derivative_from_output(kind) ? y : x, kind,
                           default_number(kind)});
    expect_reference(dx, name + "/dx");
  }
}

TEST_P(SmallLayersReference, Softmax) {
  const Array y = zeros({7, 37}), dx = zeros({7, 37});
  run(SoftmaxForward{y, input("softmax/x", {7, 37})});
  expect_reference(y, "softmax/y");
  run(SoftmaxBackward{dx, input("softmax/gradient", {7, 37}), y});
  expect_reference(dx, "softmax/dx");
}

TEST_P(SmallLayersReference, GatesOfChannels) {
  const Shape shape{3, 20, 19};
  const Array x = input("gate/x", shape), gate = input("gate/gate", {3, 19}), dy = input("gate/gradient", shape);
  const Array y = zeros(shape), dx = zeros(shape), dgate = zeros({3, 19});
  run(Gate{y, x, gate});
  run(Gate{dx, dy, gate});
  run(GateGradient{dgate, dy, x});
  expect_reference(y, "gate/y");
  expect_reference(dx, "gate/dx");
  // Twenty products of what was rounded before.
  expect_near(dgate.values(), file_.doubles("gate/dgate"), dtype() == DType::f32 ? 1e-5 : 3e-2, "dgate");
}

TEST_P(SmallLayersReference, LossesOfNumbers) {
  for (const NamedRule& rule : kRules) {
    const std::string name = rule.name;
    const Array losses = f32_zeros({kRows}), dx = zeros({kRows, kNumbers});
    const Array x = input(name + "/x", {kRows, kNumbers});
    const Array target({kRows, kNumbers}, DType::f32, file_.doubles(name + "/target"));
    run(PointwiseLoss{.rule = rule.rule,
                      .losses = losses,
                      .x = x,
                      .target = target,
                      .dx = dx,
                      .scale = kScale,
                      .number = rule.number});
    expect_loss(name, losses, dx);
  }
}

TEST_P(SmallLayersReference, BinaryCrossEntropyOfClasses) {
  const std::string name = "binary_cross_entropy_of_classes";
  const Array losses = f32_zeros({kRows}), dx = zeros({kRows, 1}), x = input(name + "/x", {kRows, 1});
  const Array target = integers(name + "/target", {kRows});
  run(PointwiseLoss{
      .rule = LossRule::binary_cross_entropy, .losses = losses, .x = x, .target = target, .dx = dx, .scale = kScale});
  expect_loss(name, losses, dx);
}

TEST_P(SmallLayersReference, CrossEntropyWithWeightsAndSmoothing) {
  for (const auto& [what, smoothing, weighted] :
       {std::tuple("smoothed", 0.1f, false), {"weighted", 0.0f, true}, {"smoothed_weighted", 0.2f, true}}) {
    const std::string name = std::string("cross_entropy_") + what;
    const Array losses = f32_zeros({kRows}), weights = f32_zeros({kRows}), dx = zeros({kRows, kNumbers});
    const Array logits = input(name + "/x", {kRows, kNumbers}), targets = integers(name + "/target", {kRows});
    const Array class_weights =
        weighted ? Array({kNumbers}, DType::f32, file_.doubles(name + "/weight")) : f32_zeros({kNumbers});
    run(WeightedCrossEntropy{.losses = losses,
                             .weights = weights,
                             .dlogits = dx,
                             .logits = logits,
                             .targets = targets,
                             .class_weights = weighted ? class_weights : Tensor(),
                             .label_smoothing = smoothing,
                             .scale = kScale});
    expect_loss(name, losses, dx);
    const Values wanted = targets.values(), each = class_weights.values();
    for (size_t row = 0; row < wanted.size(); ++row)
      EXPECT_EQ(weights.values()[row], wanted[row] < 0 ? 0 : weighted ? each[static_cast<size_t>(wanted[row])] : 1);
  }
}

// A class that is ignored is as a negative target.
TEST_P(SmallLayersReference, CrossEntropyIgnoresAClass) {
  const std::string name = "cross_entropy_smoothed_weighted";
  const Array logits = input(name + "/x", {kRows, kNumbers}), targets = integers(name + "/target", {kRows});
  const Array class_weights({kNumbers}, DType::f32, file_.doubles(name + "/weight"));
  constexpr int32_t kIgnored = 3;
  Values of_class = targets.values();
  std::ranges::replace(of_class, -1.0, static_cast<double>(kIgnored));
  std::vector<Values> results;
  for (const auto& [wanted, ignored] : {std::pair(targets.values(), -1), std::pair(of_class, int{kIgnored})}) {
    const Array losses = f32_zeros({kRows}), weights = f32_zeros({kRows}), dx = zeros({kRows, kNumbers});
    const Array given({kRows}, DType::i32, wanted);
    run(WeightedCrossEntropy{.losses = losses,
                             .weights = weights,
                             .dlogits = dx,
                             .logits = logits,
                             .targets = given,
                             .class_weights = class_weights,
                             .label_smoothing = 0.2f,
                             .ignored = ignored,
                             .scale = kScale});
    results.insert(results.end(), {losses.values(), weights.values(), dx.values()});
  }
  const auto is_ignored = [&](size_t row) { return of_class[row] == kIgnored; };
  for (size_t row = 0; row < of_class.size(); ++row)
    for (size_t part = 0; part < 3; ++part) {
      const size_t each = results[part].size() / of_class.size();
      for (size_t i = row * each; i < (row + 1) * each; ++i)
        EXPECT_EQ(results[3 + part][i], is_ignored(row) ? 0 : results[part][i]) << "row " << row << ", part " << part;
    }
}

INSTANTIATE_TEST_SUITE_P(DTypes, SmallLayersReference, ::testing::Values(DType::f32, DType::bf16),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace convoy::test
