#include "core/ops/adamw.h"

#include <cmath>
#include <limits>

#include "core/base/integers.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

struct AdamWCase {
  int64_t n;
  Array weights, master, gradient, m, v, decays, norm_and_factor, schedule;

  AdamWCase(int64_t count, DType dtype, double factor) : n(count) {
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
    schedule = Array({3}, DType::f32, {3e-3, 1 - std::pow(0.9, 5), 1 - std::pow(0.95, 5)});
  }

  AdamW args() const {
    AdamW a{weights, {}, gradient, m, v, decays, norm_and_factor, schedule, 0.9f, 0.95f, 1e-8f, 0.1f};
    if (weights.tensor().dtype == DType::bf16) a.master = master;
    return a;
  }
  Bits bits() const { return {weights.bits(), master.bits(), m.bits(), v.bits()}; }
};

class AdamWTest : public OpsTest {
 protected:
  void expect_step(int64_t n, DType dtype) {
    AdamWCase c(n, dtype, 0.5);
    const Values w0 = c.master.values(), g0 = c.gradient.values(), m0 = c.m.values(), v0 = c.v.values();
    run(c.args());
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

TEST_F(AdamWTest, OneStepIsTheFormula) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const int64_t n : {0, 1, 63, 64, 65, 1000, 40000}) expect_step(n, dtype);
}

TEST_F(AdamWTest, NaNFactorChangesNothing) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const AdamWCase c(1000, dtype, std::numeric_limits<double>::quiet_NaN());
    const auto before = c.bits();
    run(c.args());
    EXPECT_EQ(c.bits(), before);
  }
}

TEST_F(AdamWTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    const AdamWCase c(100000, DType::bf16, 1);
    run(c.args());
    return c.bits();
  });
}

}  // namespace
}  // namespace convoy::test
