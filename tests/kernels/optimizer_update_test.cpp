#include "core/ops/optimizer_update.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "core/base/integers.h"
#include "core/base/philox.h"
#include "core/ops/moving_average.h"
#include "core/optimizer/rules/rules.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

constexpr rules::AdamW kAdamW{0.9f, 0.95f, 1e-8f};

struct UpdateCase {
  int64_t n;
  Array weights, master, gradient, m, v, decays, norm_and_factor, numbers;

  UpdateCase(int64_t count, DType dtype, double factor) : n(count) {
    master = random_array({n}, DType::f32, 1);
    weights = Array({n}, dtype, master.values());
    gradient = random_array({n}, DType::f32, 2);
    m = random_array({n}, DType::f32, 3, 0.1);
    Values squares = random_values(n, 4);
    for (double& value : squares) value = value * value * 0.01;
    v = Array({n}, DType::f32, squares);
    Values flags;
    for (int64_t block = 0; block < ceil_div(n, kParameterBlock); ++block) flags.push_back(block % 3 == 1 ? 0 : 1);
    decays = Array({static_cast<int64_t>(flags.size())}, DType::u8, flags);
    norm_and_factor = Array({2}, DType::f32, {3, factor});
    numbers = Array({3}, DType::f32, {3e-3, 1 - std::pow(0.9, 5), 1 - std::pow(0.95, 5)});
  }

  template <class Rule>
  OptimizerUpdate<Rule> args(const Rule& rule) const {
    OptimizerUpdate<Rule> a{weights, {}, gradient, {}, decays, norm_and_factor, numbers, 0.1f, rule};
    const std::array<Tensor, 2> states{m, v};
    std::copy_n(states.begin(), Rule::kStates, a.states.begin());
    if (weights.tensor().dtype == DType::bf16) a.master = master;
    return a;
  }
  Bits bits() const { return {weights.bits(), master.bits(), m.bits(), v.bits()}; }
};

class OptimizerUpdateTest : public OpsTest {
 protected:
  void expect_step(int64_t n, DType dtype) {
    UpdateCase c(n, dtype, 0.5);
    const Values w0 = c.master.values(), g0 = c.gradient.values(), m0 = c.m.values(), v0 = c.v.values();
    run(c.args(kAdamW));
    Values w, m, v;
    for (size_t i = 0; i < w0.size(); ++i) {
      const double g = 0.5 * g0[i], decay = c.decays.values()[i / kParameterBlock] * 0.1;
      m.push_back(0.9 * m0[i] + 0.1 * g);
      v.push_back(0.95 * v0[i] + 0.05 * g * g);
      const double m_hat = m[i] / (1 - std::pow(0.9, 5)), v_hat = v[i] / (1 - std::pow(0.95, 5));
      w.push_back(w0[i] - 3e-3 * decay * w0[i] - 3e-3 * m_hat / (std::sqrt(v_hat) + 1e-8));
    }
    expect_near(c.m.values(), m, 1e-6, "m");
    expect_near(c.v.values(), v, 1e-6, "v");
    expect_near((dtype == DType::bf16 ? c.master : c.weights).values(), w, 1e-6, "weights in f32");
    if (dtype == DType::bf16) {
      EXPECT_EQ(c.weights.bits(), Array({n}, DType::bf16, c.master.values()).bits()) << "the rounding of master";
    }
  }
};

TEST_F(OptimizerUpdateTest, OneStepIsTheFormula) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const int64_t n : {0, 1, 63, 64, 65, 1000, 40000}) expect_step(n, dtype);
}

// check(rule) for each.
template <class Check>
void for_rules(const Check& check) {
  check(kAdamW);
  check(rules::Adam{0.9f, 0.1f, 0.999f, 0.001f, 1e-8f});
  check(rules::Sgd{});
  check(rules::SgdMomentum{0.9f, false});
  check(rules::RmsProp{0.99f, 0.01f, 1e-8f});
  check(rules::RmsPropMomentum{{0.99f, 0.01f, 1e-8f}, 0.9f});
  check(rules::Adagrad{1e-10f});
  check(rules::Lion{0.9f, 0.1f, 0.99f, 0.01f});
  check(rules::Addition{});
  check(rules::MuonDirection{0.95f, true});
  check(rules::MuonStep{});
}

TEST_F(OptimizerUpdateTest, NaNFactorChangesNothing) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for_rules([&](const auto& rule) {
      for (const double factor : {0.5, std::numeric_limits<double>::quiet_NaN()}) {
        const UpdateCase c(1000, dtype, factor);
        const auto before = c.bits();
        run(c.args(rule));
        EXPECT_EQ(c.bits() == before, std::isnan(factor)) << operator_name(typeid(rule));
      }
    });
}

TEST_F(OptimizerUpdateTest, SameBitsForAnyThreads) {
  for_rules([&](const auto& rule) {
    expect_same_bits_for_any_threads([&] {
      const UpdateCase c(100000, DType::bf16, 1);
      run(c.args(rule));
      return c.bits();
    });
  });
}

// With the random numbers of core/ops/optimizer_update.h, one element at a time.
float rounded_by_chance(float value, int state, int64_t element, const PhiloxKey& key, uint32_t stream) {
  const auto group = static_cast<uint64_t>(element) / 4;
  const uint32_t word =
      philox(key, {static_cast<uint32_t>(group), stream, static_cast<uint32_t>(group >> 32), 0})[element % 4];
  const uint32_t rounding = state == 0 ? word & 0xffff : word >> 16;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(value) + rounding) & 0xffff0000u);
}

// The states of a step in f32 say what is rounded.
TEST_F(OptimizerUpdateTest, StatesInBf16AreRoundedByChance) {
  constexpr int64_t kFirst = (int64_t{1} << 34) + 128;
  const PhiloxKey key{77, 0x80000001u};
  const Array words({2}, DType::i32, {77, -2147483647});
  for (const int64_t n : {1, 63, 64, 65, 1000, 40001}) {
    UpdateCase exact(n, DType::f32, 0.5);
    const std::array<Values, 2> before{Array({n}, DType::bf16, exact.m.values()).values(),
                                       Array({n}, DType::bf16, exact.v.values()).values()};
    exact.m = Array({n}, DType::f32, before[0]), exact.v = Array({n}, DType::f32, before[1]);
    const UpdateCase c = exact;
    const std::array<Array, 2> states{Array({n}, DType::bf16, before[0]), Array({n}, DType::bf16, before[1])};
    run(exact.args(kAdamW));
    OptimizerUpdate<rules::AdamW> args = c.args(kAdamW);
    args.states = {states[0], states[1]};
    args.rounding = {words, 5, kFirst};
    run(args);
    EXPECT_EQ(c.weights.bits(), exact.weights.bits());
    int64_t up = 0;
    for (const int s : {0, 1}) {
      const Values full = (s == 0 ? exact.m : exact.v).values(), found = states[static_cast<size_t>(s)].values();
      for (int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<size_t>(i);
        ASSERT_EQ(static_cast<float>(found[at]), rounded_by_chance(static_cast<float>(full[at]), s, kFirst + i, key, 5))
            << "state " << s << " of element " << i << " of " << n;
        up += std::abs(found[at]) > std::abs(full[at]) ? 1 : 0;
      }
    }
    if (n > 1000) {
      EXPECT_NEAR(static_cast<double>(up) / static_cast<double>(2 * n), 0.5, 0.02);
    }
  }
}

TEST_F(OptimizerUpdateTest, StatisticsKeepOutWhatIsNotFinite) {
  UpdateCase c(1000, DType::f32, 1);
  Values g = c.gradient.values(), expected = c.weights.values();
  g[3] = std::numeric_limits<double>::infinity();
  g[500] = -g[3];
  g[999] = std::numeric_limits<double>::quiet_NaN();
  c.gradient = Array({1000}, DType::f32, g);
  run(c.args(rules::Addition{}));
  for (size_t i = 0; i < g.size(); ++i) expected[i] += std::isfinite(g[i]) ? g[i] : 0;
  expect_near(c.weights.values(), expected, 1e-7, "statistics");
}

TEST_F(OptimizerUpdateTest, MovingAverageFollowsUnlessTheStepWasSkipped) {
  for (const int64_t n : {0, 1, 100, 40000})
    for (const double factor : {1.0, std::numeric_limits<double>::quiet_NaN()}) {
      const Array average = random_array({n}, DType::f32, 1), weights = random_array({n}, DType::f32, 2);
      const Values a0 = average.values(), w = weights.values();
      run(MovingAverage{average, weights, Array({2}, DType::f32, {1, factor}), 0.25f});
      Values expected;
      for (size_t i = 0; i < a0.size(); ++i)
        expected.push_back(std::isnan(factor) ? a0[i] : a0[i] + 0.25 * (w[i] - a0[i]));
      expect_near(average.values(), expected, 1e-6, "average");
    }
}

TEST_F(OptimizerUpdateTest, SwapChangesPlaces) {
  for (const int64_t n : {0, 1, 100, 40000}) {
    const Array a = random_array({n}, DType::f32, 1), b = random_array({n}, DType::f32, 2);
    const auto of_a = a.bits(), of_b = b.bits();
    run(Swap{a, b});
    EXPECT_EQ(a.bits(), of_b);
    EXPECT_EQ(b.bits(), of_a);
  }
}

}  // namespace
}  // namespace convoy::test
