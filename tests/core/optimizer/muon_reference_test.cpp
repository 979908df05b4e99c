// Muon against its formulas in float64 (tests/reference/muon.py), and what its iteration does to singular values.
#include <gtest/gtest.h>

#include <cmath>

#include "core/optimizer/makers.h"
#include "core/optimizer/matrix_optimizer.h"
#include "tests/support/reference_file.h"
#include "tests/support/test_device.h"

namespace convoy::test {
namespace {

constexpr int64_t kMuonSteps = 6;
constexpr double kMuonLr = 1.0 / 64;

struct Block {
  explicit Block(size_t bytes, DType dtype, int64_t count) : memory(bytes), tensor{memory.data(), dtype, {count}} {}
  TestMemory memory;
  Tensor tensor;
};

Block floats(int64_t count) { return Block(static_cast<size_t>(count) * sizeof(float), DType::f32, count); }

class MuonReference : public ::testing::Test {
 protected:
  struct Found {
    std::vector<float> weights, momentum;
  };

  static MuonMaker keys() {
    MuonMaker keys;
    keys.momentum = 0.9375, keys.weight_decay = 0.125;
    return keys;
  }

  // in_place: the direction takes the gradient's place, as it does where nothing is sharded.
  Found run(const std::string& name, int64_t rows, int64_t columns, const MuonMaker& keys, bool in_place) {
    const std::unique_ptr<Optimizer> made = keys.make();
    const MatrixOptimizer& muon = *made->of_matrices();
    Ops& ops = test_device().ops();
    EXPECT_EQ(muon.missing(ops), "");
    const int64_t n = rows * columns;
    const Block weights = floats(n), gradient = floats(n), momentum = floats(n), factor = floats(2),
                numbers = floats(1), apart = floats(n);
    const size_t bytes = muon.step_bytes(ops, rows, columns);
    const Block workspace(bytes, DType::u8, static_cast<int64_t>(bytes));
    const Block decays(static_cast<size_t>(n / 16), DType::u8, n / 16);
    const UpdateTensors t{.weights = weights.tensor,
                          .gradient = gradient.tensor,
                          .states = {momentum.tensor},
                          .decays = decays.tensor,
                          .norm_and_factor = factor.tensor,
                          .numbers = numbers.tensor,
                          .weight_decay = static_cast<float>(muon.weight_decay())};
    write(decays.tensor, std::vector<uint8_t>(static_cast<size_t>(n / 16), 1));
    write(momentum.tensor, std::vector<float>(static_cast<size_t>(n), 0));
    write<float>(factor.tensor, {1, 0.5f});  // of gradients twice as large
    write(weights.tensor, file_.floats(name + "/start"));
    const std::vector<float> all = file_.floats(name + "/gradients");
    for (int64_t step = 0; step < kMuonSteps; ++step) {
      std::vector<float> twice(all.begin() + step * n, all.begin() + (step + 1) * n);
      for (float& value : twice) value *= 2;
      write(gradient.tensor, twice);
      write(numbers.tensor, muon.numbers(step + 1, kMuonLr * (1 - static_cast<double>(step) / 16)));
      UpdateTensors with_step = t;
      with_step.gradient = in_place ? gradient.tensor : apart.tensor;
      muon.direction(ops, test_stream(), t, with_step.gradient);
      muon.step(ops, test_stream(), with_step.gradient.reshaped({rows, columns}), workspace.tensor);
      muon.update(ops, test_stream(), with_step);
      test_stream().synchronize();
    }
    return {read<float>(weights.tensor), read<float>(momentum.tensor)};
  }

  // The largest difference over the mean magnitude.
  double worst(const std::vector<float>& found, const std::string& dataset) const {
    const std::vector<double> wanted = file_.doubles(dataset);
    EXPECT_EQ(found.size(), wanted.size());
    double mean = 0, most = 0;
    for (const double value : wanted) mean += std::abs(value) / static_cast<double>(wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i)
      most = std::max(most, std::abs(static_cast<double>(found[i]) - wanted[i]));
    return most / mean;
  }

  void expect(const std::string& name, int64_t rows, int64_t columns, const MuonMaker& keys) {
    SCOPED_TRACE(name);
    const Found apart = run(name, rows, columns, keys, false), in_place = run(name, rows, columns, keys, true);
    EXPECT_LT(worst(apart.weights, name + "/weights"), 1e-5);
    EXPECT_LT(worst(apart.momentum, name + "/momentum"), 1e-6);
    EXPECT_EQ(apart.weights, in_place.weights);
    EXPECT_EQ(apart.momentum, in_place.momentum);
  }

  ReferenceFile file_{reference_path("muon.h5")};
};

TEST_F(MuonReference, MatricesOfAnyForm) {
  expect("wide", 24, 40, keys());
  expect("tall", 40, 24, keys());
  expect("square", 32, 32, keys());
  expect("row", 1, 48, keys());
}

TEST_F(MuonReference, WithoutNesterov) {
  MuonMaker plain = keys();
  plain.nesterov = false;
  expect("plain", 24, 40, plain);
}

// The steps are as long as they should be; their direction is less exact.
TEST_F(MuonReference, Bf16IsNear) {
  MuonMaker rounded = keys();
  rounded.iteration = MuonIteration::bf16;
  const Found found = run("wide", 24, 40, rounded, false);
  const double off = worst(found.weights, "wide/weights");
  EXPECT_LT(off, 0.05);
  EXPECT_GT(off, 1e-5) << "nothing was rounded";
}

TEST_F(MuonReference, AStepThatIsSkippedChangesNothing) {
  const std::unique_ptr<Optimizer> made = keys().make();
  const MatrixOptimizer& muon = *made->of_matrices();
  Ops& ops = test_device().ops();
  const Block weights = floats(64), gradient = floats(64), momentum = floats(64), factor = floats(2),
              numbers = floats(1);
  const size_t bytes = muon.step_bytes(ops, 8, 8);
  const Block workspace(bytes, DType::u8, static_cast<int64_t>(bytes)), decays(1, DType::u8, 1);
  const UpdateTensors t{weights.tensor, {},  gradient.tensor, {momentum.tensor}, decays.tensor, factor.tensor,
                        numbers.tensor, 0.1f};
  write<uint8_t>(decays.tensor, {1});
  write<float>(factor.tensor, {1, std::nanf("")});
  write<float>(numbers.tensor, {1e-2f});
  std::vector<float> values(64, 2), broken(64, std::nanf(""));
  write(weights.tensor, values);
  write(momentum.tensor, values);
  write(gradient.tensor, broken);
  muon.direction(ops, test_stream(), t, gradient.tensor);
  muon.step(ops, test_stream(), gradient.tensor.reshaped({8, 8}), workspace.tensor);
  muon.update(ops, test_stream(), t);
  test_stream().synchronize();
  EXPECT_EQ(read<float>(weights.tensor), values);
  EXPECT_EQ(read<float>(momentum.tensor), values);
}

}  // namespace
}  // namespace convoy::test
