// Fifty steps of every optimizer against PyTorch's (tests/reference/optimizers.py).
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/optimizer/kinds.h"
#include "core/optimizer/makers.h"
#include "tests/support/reference_file.h"
#include "tests/support/test_device.h"

namespace convoy::test {
namespace {

constexpr int64_t kCount = 136, kSteps = 50;
constexpr double kLr = 1.0 / 128;

float start(int64_t i) {
  return static_cast<float>(1 + static_cast<double>(i * 37 % 128) / 128) * (i % 2 == 0 ? 1.0f : -1.0f);
}

float gradient(int64_t i, int64_t step) {
  return static_cast<float>((i * 7919 + step * 104729 + i * step * 31) % 2003 * 2 - 2001) / 1024;
}

struct F32Array {
  explicit F32Array(int64_t count)
      : memory(static_cast<size_t>(count) * sizeof(float)), tensor{memory.data(), DType::f32, {count}} {}
  TestMemory memory;
  Tensor tensor;
};

class OptimizerReference : public ::testing::Test {
 protected:
  // choose: the keys that the case has besides the defaults.
  template <class Maker>
  void expect(const std::string& name, const std::string& kind, const std::function<void(Maker&)>& choose = {}) {
    SCOPED_TRACE(name);
    Choice<Optimizer> choice(optimizer_kinds(), kind);
    if (choose) choose(*choice.as<Maker>());
    const std::unique_ptr<Optimizer> optimizer = choice.make();
    ASSERT_EQ(optimizer->missing(test_device().ops()), "");
    const F32Array weights(kCount), gradients(kCount), factor(2);
    const F32Array numbers(static_cast<int64_t>(optimizer->numbers(1, 1).size()));
    TestMemory decays(3);
    UpdateTensors tensors{weights.tensor, {}, gradients.tensor};
    std::vector<F32Array> states;
    for (size_t s = 0; s < optimizer->states().size(); ++s)
      tensors.states.push_back(states.emplace_back(kCount).tensor);
    tensors.decays = {decays.data(), DType::u8, {3}};
    tensors.norm_and_factor = factor.tensor;
    tensors.numbers = numbers.tensor;
    tensors.weight_decay = static_cast<float>(optimizer->weight_decay());
    write<uint8_t>(tensors.decays, {1, 0, 1});
    write<float>(factor.tensor, {1, 0.5f});  // of gradients twice as large
    write(weights.tensor, values([](int64_t i) { return start(i); }));
    for (int64_t step = 0; step < kSteps; ++step) {
      write(gradients.tensor, values([&](int64_t i) { return 2 * gradient(i, step); }));
      write(numbers.tensor, optimizer->numbers(step + 1, kLr * (1 - static_cast<double>(step) / 64)));
      optimizer->update(test_device().ops(), test_stream(), tensors);
      test_stream().synchronize();
    }
    expect_near(weights.tensor, name + "/weights");
    for (size_t s = 0; s < states.size(); ++s) expect_near(states[s].tensor, name + "/" + optimizer->states()[s]);
  }

 private:
  static std::vector<float> values(const std::function<float(int64_t)>& value) {
    std::vector<float> values;
    for (int64_t i = 0; i < kCount; ++i) values.push_back(value(i));
    return values;
  }

  // To 1e-6 of an element, or of the mean magnitude where that is larger: small ones are differences of large ones.
  void expect_near(const Tensor& tensor, const std::string& dataset) const {
    const std::vector<float> found = read<float>(tensor);
    const std::vector<double> wanted = file_.doubles(dataset);
    ASSERT_EQ(found.size(), wanted.size());
    double mean = 0, worst = 0;
    for (const double value : wanted) mean += std::abs(value) / static_cast<double>(wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i)
      worst =
          std::max(worst, std::abs(static_cast<double>(found[i]) - wanted[i]) / std::max(std::abs(wanted[i]), mean));
    EXPECT_LT(worst, 1e-6) << dataset;
  }

  ReferenceFile file_{reference_path("optimizers.h5")};
};

TEST_F(OptimizerReference, AdamW) { expect<AdamWMaker>("adamw", "adamw"); }

TEST_F(OptimizerReference, Adam) {
  expect<AdamMaker>("adam", "adam");
  expect<AdamMaker>("adam_decay", "adam", [](AdamMaker& keys) { keys.weight_decay = 0.1; });
}

TEST_F(OptimizerReference, Sgd) {
  expect<SgdMaker>("sgd", "sgd");
  expect<SgdMaker>("sgd_decay", "sgd", [](SgdMaker& keys) { keys.weight_decay = 0.1; });
  expect<SgdMaker>("sgd_momentum", "sgd", [](SgdMaker& keys) { keys.momentum = 0.9, keys.weight_decay = 0.1; });
  expect<SgdMaker>("sgd_nesterov", "sgd", [](SgdMaker& keys) { keys.momentum = 0.9, keys.nesterov = true; });
}

TEST_F(OptimizerReference, RmsProp) {
  expect<RmsPropMaker>("rmsprop", "rmsprop");
  expect<RmsPropMaker>("rmsprop_decay", "rmsprop", [](RmsPropMaker& keys) { keys.weight_decay = 0.1; });
  expect<RmsPropMaker>("rmsprop_momentum", "rmsprop", [](RmsPropMaker& keys) { keys.momentum = 0.9; });
}

TEST_F(OptimizerReference, Adagrad) {
  expect<AdagradMaker>("adagrad", "adagrad");
  expect<AdagradMaker>("adagrad_decay", "adagrad", [](AdagradMaker& keys) { keys.weight_decay = 0.1; });
}

TEST_F(OptimizerReference, Lion) {
  expect<LionMaker>("lion", "lion");
  expect<LionMaker>("lion_decay", "lion", [](LionMaker& keys) { keys.weight_decay = 0.1; });
}

}  // namespace
}  // namespace convoy::test
