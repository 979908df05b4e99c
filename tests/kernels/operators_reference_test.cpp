// Every operator against PyTorch's float64 results: tests/reference/operators.h5, written by operators.py beside it.
#include <cmath>
#include <string>

#include "core/ops/attention.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/embedding.h"
#include "core/ops/matmul.h"
#include "core/ops/norm.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"
#include "core/optimizer/rules/rules.h"
#include "tests/kernels/support/ops_test.h"
#include "tests/support/reference_file.h"

namespace convoy::test {
namespace {

class OperatorsReferenceTest : public OpsTest {
 protected:
  Array input(const std::string& name, const Shape& shape) const {
    return Array(shape, DType::f32, file_.doubles(name));
  }
  Array integers(const std::string& name, const Shape& shape) const {
    return Array(shape, DType::i32, file_.doubles(name));
  }
  static Array zeros(const Shape& shape) { return Array::zeros(shape, DType::f32); }
  // 1 + |wanted| is the scale of errors: all numbers are of order one, many of them sums of some tens.
  void expect_reference(const Array& actual, const std::string& name) const {
    expect_near(actual.values(), file_.doubles(name), 3e-6, name.c_str());
  }
  void expect_attention(const std::string& name, const AttentionShape& shape);

  ReferenceFile file_{reference_path("operators.h5")};
};

TEST_F(OperatorsReferenceTest, MatmulWithBiasAndGelu) {
  const int64_t M = 17, K = 13, N = 29;
  const Array x = input("matmul/x", {M, K}), w1 = input("matmul/w1", {K, N}), b1 = input("matmul/b1", {N});
  const Array w2 = input("matmul/w2", {N, K}), b2 = input("matmul/b2", {K}), dy = input("matmul/gradient", {M, K});
  const Array hidden = zeros({M, N}), pre = zeros({M, N}), y = zeros({M, K}), dpre = zeros({M, N}), dx = zeros({M, K});
  const Array dw1 = zeros({K, N}), db1 = zeros({N}), dw2 = zeros({N, K}), db2 = zeros({K});
  run_with_scratch(
      Matmul{.c = hidden, .a = x, .b = w1, .bias = b1, .activation = Activation::gelu_tanh, .pre_activation = pre});
  run_with_scratch(Matmul{.c = y, .a = hidden, .b = w2, .bias = b2});
  expect_reference(pre, "matmul/pre");
  expect_reference(hidden, "matmul/hidden");
  expect_reference(y, "matmul/y");
  run_with_scratch(Matmul{.c = dpre,
                          .a = dy,
                          .b = w2,
                          .b_transposed = true,
                          .pre_activation = pre,
                          .derivative_of = Activation::gelu_tanh});
  run_with_scratch(Matmul{.c = dw2, .a = hidden, .b = dy, .a_transposed = true, .column_sums = db2});
  run_with_scratch(Matmul{.c = dw1, .a = x, .b = dpre, .a_transposed = true, .column_sums = db1});
  run_with_scratch(Matmul{.c = dx, .a = dpre, .b = w1, .b_transposed = true});
  expect_reference(dw2, "matmul/dw2");
  expect_reference(db2, "matmul/db2");
  expect_reference(dw1, "matmul/dw1");
  expect_reference(db1, "matmul/db1");
  expect_reference(dx, "matmul/dx");
}

TEST_F(OperatorsReferenceTest, LayerNormWithResidual) {
  const int64_t N = 7, C = 37;
  const Array x = input("layer_norm/x", {N, C}), branch = input("layer_norm/branch", {N, C});
  const Array weight = input("layer_norm/weight", {C}), bias = input("layer_norm/bias", {C});
  const Array residual = zeros({N, C}), y = zeros({N, C}), mean = zeros({N}), rstd = zeros({N});
  const Array dx = zeros({N, C}), dweight = zeros({C}), dbias = zeros({C});
  run(NormForward{.kind = NormKind::layer,
                  .y = y,
                  .residual = residual,
                  .mean = mean,
                  .rstd = rstd,
                  .x = x,
                  .branch = branch,
                  .weight = weight,
                  .bias = bias});
  run_with_scratch(NormBackward{.kind = NormKind::layer,
                                .dx = dx,
                                .dweight = dweight,
                                .dbias = dbias,
                                .dy = input("layer_norm/gradient", {N, C}),
                                .dresidual_out = input("layer_norm/gradient_residual", {N, C}),
                                .residual = residual,
                                .mean = mean,
                                .rstd = rstd,
                                .weight = weight});
  expect_reference(residual, "layer_norm/residual");
  expect_reference(y, "layer_norm/y");
  expect_reference(dx, "layer_norm/dx");
  expect_reference(dweight, "layer_norm/dweight");
  expect_reference(dbias, "layer_norm/dbias");
}

TEST_F(OperatorsReferenceTest, RmsNormWithResidual) {
  const int64_t N = 7, C = 37;
  const Array x = input("rms_norm/x", {N, C}), branch = input("rms_norm/branch", {N, C});
  const Array weight = input("rms_norm/weight", {C}), residual = zeros({N, C}), y = zeros({N, C}), rstd = zeros({N});
  const Array dx = zeros({N, C}), dweight = zeros({C});
  run(NormForward{
      .kind = NormKind::rms, .y = y, .residual = residual, .rstd = rstd, .x = x, .branch = branch, .weight = weight});
  expect_reference(residual, "rms_norm/residual");
  expect_reference(y, "rms_norm/y");
  run_with_scratch(NormBackward{.kind = NormKind::rms,
                                .dx = dx,
                                .dweight = dweight,
                                .dy = input("rms_norm/gradient", {N, C}),
                                .dresidual_out = input("rms_norm/gradient_residual", {N, C}),
                                .residual = residual,
                                .rstd = rstd,
                                .weight = weight});
  expect_reference(dx, "rms_norm/dx");
  expect_reference(dweight, "rms_norm/dweight");
}

void OperatorsReferenceTest::expect_attention(const std::string& name, const AttentionShape& s) {
  const Array q = input(name + "/q", {s.B, s.Tq, s.H, s.D}), k = input(name + "/k", {s.B, s.Tk, s.Hkv, s.D});
  const Array v = input(name + "/v", {s.B, s.Tk, s.Hkv, s.D}), dy = input(name + "/gradient", {s.B, s.Tq, s.H, s.D});
  const Array y = zeros(q.tensor().shape), dq = y, dk = zeros(k.tensor().shape), dv = dk;
  const Array logsumexp = zeros({s.B, s.H, s.Tq});
  const auto heads = [](const Array& a) {
    const Shape& shape = a.tensor().shape;
    return Heads{a.tensor().data, shape[2] * shape[3], shape[1] * shape[2] * shape[3]};
  };
  run_with_scratch(AttentionForward{s, heads(y), logsumexp, heads(q), heads(k), heads(v), {}});
  run_with_scratch(AttentionBackward{
      s, heads(dq), heads(dk), heads(dv), heads(dy), heads(y), heads(q), heads(k), heads(v), logsumexp, {}});
  expect_reference(y, name + "/y");
  expect_reference(dq, name + "/dq");
  expect_reference(dk, name + "/dk");
  expect_reference(dv, name + "/dv");
}

TEST_F(OperatorsReferenceTest, Attention) {
  const auto scale = [](int64_t D) { return 1 / std::sqrt(static_cast<float>(D)); };
  expect_attention("attention_causal", {2, 19, 19, 3, 3, 8, DType::f32, true, scale(8)});
  expect_attention("attention_full", {1, 6, 23, 2, 2, 12, DType::f32, false, scale(12)});
  expect_attention("attention_grouped", {2, 9, 14, 4, 2, 16, DType::f32, true, scale(16)});
}

TEST_F(OperatorsReferenceTest, Embedding) {
  const int64_t B = 3, T = 5, V = 7, C = 19;
  const Array tokens = integers("embedding/tokens", {B, T}), table = input("embedding/table", {V, C});
  const Array positions = input("embedding/positions", {T, C}), y = zeros({B, T, C});
  const Array dtable = zeros({V, C}), dpositions = zeros({T, C});
  run(EmbeddingForward{y, tokens, table, positions, 0});
  run_with_scratch(EmbeddingBackward{dtable, dpositions, input("embedding/gradient", {B, T, C}), tokens});
  expect_reference(y, "embedding/y");
  expect_reference(dtable, "embedding/dtable");
  expect_reference(dpositions, "embedding/dpositions");
}

TEST_F(OperatorsReferenceTest, CrossEntropyWithAnIgnoredTarget) {
  const int64_t N = 9, V = 50;
  const Array logits = input("cross_entropy/logits", {N, V}), losses = zeros({N}), d = zeros({N, V});
  run(CrossEntropy{losses, d, logits, integers("cross_entropy/targets", {N}), 0.25f});
  expect_reference(losses, "cross_entropy/losses");
  expect_reference(d, "cross_entropy/dlogits");
}

TEST_F(OperatorsReferenceTest, FiveStepsOfAdamWWithClipping) {
  const int64_t n = 200, steps = 5;
  const Array weights = input("adamw/start", {n}), gradients = input("adamw/gradients", {steps, n});
  const Array m = zeros({n}), v = zeros({n}), partials = zeros({1}), decays({4}, DType::u8, {1, 1, 0, 0});
  const Values norms = file_.doubles("adamw/norms");
  for (int64_t step = 0; step < steps; ++step) {
    const Tensor gradient = gradients.tensor().range(step * n, n);
    const Array clip = zeros({2});
    run(SumSquares{partials, gradient});
    run(ClipFactor{clip, partials, 1});
    EXPECT_NEAR(clip.values()[0], norms[static_cast<size_t>(step)], 1e-5);
    const auto t = static_cast<double>(step + 1);
    const Array numbers({3}, DType::f32, {3e-3, 1 - std::pow(0.9, t), 1 - std::pow(0.95, t)});
    run(OptimizerUpdate<rules::AdamW>{
        weights, {}, gradient, {m, v}, decays, clip, numbers, 0.1f, {0.9f, 0.95f, 1e-8f}});
  }
  expect_reference(weights, "adamw/end");
  expect_reference(m, "adamw/m");
  expect_reference(v, "adamw/v");
}

}  // namespace
}  // namespace convoy::test
