#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ops/cross_entropy.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using CrossEntropyTest = OpsTest;

Values losses_f64(const Values& logits, const Values& targets) {
  const size_t N = targets.size(), V = logits.size() / N;
  Values losses;
  for (size_t n = 0; n < N; ++n) {
    const double* x = &logits[n * V];
    const double largest = *std::max_element(x, x + V);
    double sum = 0;
    for (size_t j = 0; j < V; ++j) sum += std::exp(x[j] - largest);
    losses.push_back(targets[n] < 0 ? 0 : std::log(sum) + largest - x[static_cast<size_t>(targets[n])]);
  }
  return losses;
}

Array some_targets(int64_t N, int64_t V) {
  Values targets;
  for (int64_t n = 0; n < N; ++n) targets.push_back(n % 5 == 3 ? -1.0 : static_cast<double>(n * 7919 % V));
  return Array({N}, DType::i32, targets);
}

TEST_F(CrossEntropyTest, LossAndGradientMatchFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t V : {1, 2, 15, 16, 84, 1000, 3001}) {
      const int64_t N = 6;
      const Array logits = random_array({N, V}, dtype, 1, 4), targets = some_targets(N, V);
      const Array losses = Array::filled({N}, DType::f32, 77), d = Array::zeros({N, V}, dtype);
      run(CrossEntropy{losses, d, logits, targets, 0.25f});
      expect_near(losses.values(), losses_f64(logits.values(), targets.values()), 2e-6, "losses");
      const auto some = spread_positions(N * V, 100);
      const auto total = [&](const Values& x) {
        double sum = 0;
        for (const double loss : losses_f64(x, targets.values())) sum += 0.25 * loss;
        return sum;
      };
      expect_near_at(d.values(), some, numeric_gradient(total, logits.values(), some), std::min(tolerance, 2e-3),
                     "dlogits");
    }
}

TEST_F(CrossEntropyTest, RowsOfALargeVocabulary) {  // no row starts where the one before did
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t V : {9001, 50257}) {
      const Array logits = random_array({5, V}, dtype, 1, 4), targets = some_targets(5, V);
      const Array losses = Array::zeros({5}, DType::f32), d = logits;
      const Values x = logits.values(), ids = targets.values(), expected = losses_f64(x, ids);
      run(CrossEntropy{losses, d, d, targets, 0.25f});
      expect_near(losses.values(), expected, 2e-6, "losses");
      Values wanted;
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t n = i / static_cast<size_t>(V), j = i % static_cast<size_t>(V);
        const auto target = static_cast<size_t>(ids[n]);
        const double p = ids[n] < 0 ? 0 : std::exp(x[i] - x[n * static_cast<size_t>(V) + target] - expected[n]);
        wanted.push_back(0.25 * (p - (ids[n] >= 0 && j == target ? 1 : 0)));
      }
      expect_near(d.values(), wanted, dtype == DType::f32 ? 1e-7 : 1e-3, "dlogits");
    }
}

TEST_F(CrossEntropyTest, InPlaceGivesTheSameBits) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Array logits = random_array({5, 777}, dtype, 2, 9), targets = some_targets(5, 777);
    const Array losses = Array::zeros({5}, DType::f32), d = Array::zeros({5, 777}, dtype);
    run(CrossEntropy{losses, d, logits, targets, 1});
    const Array again = Array::zeros({5}, DType::f32);
    run(CrossEntropy{again, logits, logits, targets, 1});
    EXPECT_EQ(logits.bits(), d.bits());
    EXPECT_EQ(again.bits(), losses.bits());
  }
}

// Rows that are longer than the vocabulary: what stands behind it is never looked at, and gets no gradient.
TEST_F(CrossEntropyTest, FurtherColumnsAreLeftOut) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const auto& [V, columns] : {std::pair<int64_t, int64_t>{17, 128}, {777, 896}, {9001, 9088}, {128, 128}}) {
      const int64_t N = 6;
      const Array dense = random_array({N, V}, dtype, 1, 4), targets = some_targets(N, V);
      const Values x = dense.values();
      Values wide;
      for (int64_t i = 0; i < N * columns; ++i)
        wide.push_back(i % columns < V ? x[static_cast<size_t>(i / columns * V + i % columns)] : NAN);
      const Array losses = Array::zeros({N}, DType::f32), d = Array::zeros({N, V}, dtype);
      run(CrossEntropy{losses, d, dense, targets, 0.25f});
      const Array padded({N, columns}, dtype, wide), others = Array::zeros({N}, DType::f32);
      CrossEntropy args{others, padded, padded, targets, 0.25f};
      args.classes = V;
      run(args);
      const Values expected = losses.values(), gradient = d.values(), found = padded.values(), loss = others.values();
      expect_near(loss, expected, 1e-6, "losses");
      for (int64_t i = 0; i < N * columns; ++i) {
        const double wanted = i % columns < V ? gradient[static_cast<size_t>(i / columns * V + i % columns)] : 0.0;
        ASSERT_NEAR(found[static_cast<size_t>(i)], wanted, i % columns < V ? 2e-3 : 0.0) << i << " of " << columns;
      }
    }
}

TEST_F(CrossEntropyTest, LossOnlyLeavesLogitsAlone) {
  const Array logits = random_array({4, 50}, DType::f32, 3), before = logits, targets = some_targets(4, 50);
  const Array losses = Array::zeros({4}, DType::f32);
  run(CrossEntropy{losses, {}, logits, targets, 1});
  EXPECT_EQ(logits.bits(), before.bits());
  expect_near(losses.values(), losses_f64(logits.values(), targets.values()), 2e-6, "losses");
}

TEST_F(CrossEntropyTest, LargeLogits) {
  const int64_t V = 100;
  for (const double size : {1e4, 1e30}) {
    Values x(static_cast<size_t>(V), -size);
    x[17] = size;
    const Array logits({1, V}, DType::f32, x), losses = Array::zeros({1}, DType::f32);
    const Array d = Array::zeros({1, V}, DType::f32);
    run(CrossEntropy{losses, d, logits, Array({1}, DType::i32, {17}), 1});
    EXPECT_EQ(losses.values()[0], 0);
    EXPECT_EQ(d.values(), Values(static_cast<size_t>(V), 0));
    run(CrossEntropy{losses, d, logits, Array({1}, DType::i32, {3}), 1});
    EXPECT_NEAR(losses.values()[0] / size, 2, 1e-6);
    EXPECT_EQ(d.values()[3], -1);
    EXPECT_EQ(d.values()[17], 1);
  }
}

TEST_F(CrossEntropyTest, ConstantRowIsTheLogOfTheVocabulary) {
  const Array logits = Array::filled({1, 50257}, DType::f32, -3), losses = Array::zeros({1}, DType::f32);
  run(CrossEntropy{losses, {}, logits, Array({1}, DType::i32, {50256}), 1});
  EXPECT_NEAR(losses.values()[0], std::log(50257.0), 1e-5);
}

TEST_F(CrossEntropyTest, NotANumberIsNotHidden) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Values x(70, 1.0);
    x[5] = bad;
    const Array losses = Array::zeros({1}, DType::f32), d = Array::zeros({1, 70}, DType::f32);
    run(CrossEntropy{losses, d, Array({1, 70}, DType::f32, x), Array({1}, DType::i32, {60}), 1});
    EXPECT_FALSE(std::isfinite(losses.values()[0]));
  }
}

TEST_F(CrossEntropyTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    const Array logits = random_array({300, 90}, DType::f32, 4), losses = Array::zeros({300}, DType::f32);
    run(CrossEntropy{losses, logits, logits, some_targets(300, 90), 0.1f});
    return Bits{logits.bits(), losses.bits()};
  });
}

}  // namespace
}  // namespace convoy::test
