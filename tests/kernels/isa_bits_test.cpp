// The AVX2 and the AVX-512 variant of every kernel give the same bits.
#include <algorithm>
#include <array>
#include <typeinfo>

#include "core/base/integers.h"
#include "core/ops/batch_norm.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/matmul.h"
#include "core/ops/norm.h"
#include "core/ops/ops.h"
#include "core/ops/rotary.h"
#include "core/ops/swiglu.h"
#include "kernels/cpu/convolution/tap_product.h"
#include "kernels/cpu/convolution/weight_gradient.h"
#include "kernels/cpu/cpu_isa.h"
#include "kernels/cpu/pooling/kernels.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/panel_product.h"
#include "kernels/cpu/product/run.h"
#include "kernels/cpu/simd/elementwise_kernels.h"
#include "kernels/cpu/simd/kernels.h"
#include "kernels/cpu/simd/update_kernels.h"
#include "tests/kernels/attention_case.h"
#include "tests/kernels/convolution_case.h"
#include "tests/kernels/matmul_case.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

class IsaBitsTest : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (cpu::processor_isa() == cpu::Isa::avx2) GTEST_SKIP() << "this processor has no AVX-512";
  }
};

Bits norm_bits(NormKind kind, const cpu::RowKernels& kernels, DType dtype) {
  const int64_t N = 9, C = 103;
  const bool centred = kind == NormKind::layer;
  const DropoutCase with(0.1f, N);
  const Array x = random_array({N, C}, dtype, 1), branch = random_array({N, C}, dtype, 2);
  const Array weight = random_array({C}, dtype, 3), bias = random_array({C}, dtype, 4);
  const Array y = Array::zeros({N, C}, dtype), residual = y, dx = y, dbranch = y;
  const Array mean = Array::zeros({N}, DType::f32), rstd = mean;
  const Tensor mean_or_none = centred ? mean : Tensor(), bias_or_none = centred ? bias : Tensor();
  Array partial = Array::zeros({centred ? 2 : 1, C}, DType::f32);
  kernels.norm_forward({kind, y, residual, mean_or_none, rstd, x, branch, with.dropout, weight, bias_or_none, 1e-5f}, 0,
                       N);
  kernels.norm_backward(
      {kind, dx, dbranch, partial, partial, y, {}, residual, mean_or_none, rstd, weight, with.dropout}, 0, N,
      partial.tensor().as<float>());
  return {y.bits(), residual.bits(), mean.bits(), rstd.bits(), dx.bits(), dbranch.bits(), partial.bits()};
}

TEST_P(IsaBitsTest, Norms) {
  for (const NormKind kind : {NormKind::layer, NormKind::rms})
    EXPECT_EQ(norm_bits(kind, cpu::avx2::row_kernels, GetParam()),
              norm_bits(kind, cpu::avx512::row_kernels, GetParam()));
}

Bits batch_norm_bits(const cpu::RowKernels& kernels, DType dtype) {
  const int64_t N = 200, C = 103, half = 150;
  const Array x = random_array({N, C}, dtype, 1), dy = random_array({N, C}, dtype, 2), y = Array::zeros({N, C}, dtype);
  const Array mean = Array::zeros({C}, DType::f32), variance = mean, dx = y,
              bytes = Array::filled({N, C}, DType::u8, 9);
  const Array moments = Array::zeros({2, 2, C}, DType::f32), sums = Array::zeros({2, C}, DType::f32);
  const Array columns = random_array({3, C}, DType::f32, 3), of_bytes = y;
  auto* chunks = moments.tensor().as<float>();
  kernels.column_moments(x, 0, half, chunks);
  kernels.column_moments(x, half, N, chunks + 2 * C);
  kernels.join_moments({mean, variance, x}, chunks, half, 2, 0, C);
  kernels.column_normalise({.y = y, .x = x}, columns.tensor().as<float>(), 1, 0, N);
  kernels.column_normalise({.y = of_bytes, .x = bytes}, columns.tensor().as<float>(), 1, 0, N);
  const BatchNormBackward backward{.dx = dx, .dy = dy, .x = x, .mean = mean, .variance = variance};
  kernels.batch_norm_sums(backward, 0, N, sums.tensor().as<float>());
  kernels.batch_norm_input_gradient(backward, columns.tensor().as<float>(), 0, N);
  return {moments.bits(), mean.bits(), variance.bits(), y.bits(), of_bytes.bits(), sums.bits(), dx.bits()};
}

TEST_P(IsaBitsTest, BatchNorm) {
  EXPECT_EQ(batch_norm_bits(cpu::avx2::row_kernels, GetParam()), batch_norm_bits(cpu::avx512::row_kernels, GetParam()));
}

Bits cross_entropy_bits(const cpu::RowKernels& kernels, DType dtype) {
  const Array logits = random_array({4, 3001}, dtype, 1, 10), losses = Array::zeros({4}, DType::f32);
  kernels.cross_entropy({losses, logits, logits, Array({4}, DType::i32, {0, 5, -1, 3000}), 0.5f}, 0, 4);
  return {logits.bits(), losses.bits()};
}

TEST_P(IsaBitsTest, CrossEntropy) {
  EXPECT_EQ(cross_entropy_bits(cpu::avx2::row_kernels, GetParam()),
            cross_entropy_bits(cpu::avx512::row_kernels, GetParam()));
}

template <class Rule>
Bits update_bits(const cpu::UpdateKernels& kernels, DType dtype, const Rule& rule) {
  const int64_t n = 1000;
  const Array weights = Array::zeros({n}, dtype), master = random_array({n}, DType::f32, 1);
  const Array gradient = random_array({n}, DType::f32, 2), numbers({3}, DType::f32, {1e-3, 0.1, 0.05});
  const Array decays = Array::filled({ceil_div(n, kParameterBlock)}, DType::u8, 1), factor({2}, DType::f32, {1, 0.7});
  const std::array states{Array::filled({n}, DType::f32, 0.01), Array::filled({n}, DType::f32, 0.02)};
  OptimizerUpdate<Rule> args{
      weights, dtype == DType::bf16 ? master.tensor() : Tensor{}, gradient, {}, decays, factor, numbers, 0.1f, rule};
  for (size_t s = 0; s < args.states.size(); ++s) args.states[s] = states[s];
  std::get<cpu::UpdateKernel<Rule>>(kernels)(args, 0, n);
  return {weights.bits(), master.bits(), states[0].bits(), states[1].bits()};
}

TEST_P(IsaBitsTest, OptimizerUpdates) {
  const auto expect_same = [&](const auto& rule) {
    EXPECT_EQ(update_bits(cpu::avx2::update_kernels, GetParam(), rule),
              update_bits(cpu::avx512::update_kernels, GetParam(), rule))
        << typeid(rule).name();
  };
  expect_same(rules::AdamW{0.9f, 0.95f, 1e-8f});
  expect_same(rules::Adam{0.9f, 0.1f, 0.999f, 0.001f, 1e-8f});
  expect_same(rules::Sgd{});
  expect_same(rules::SgdMomentum{0.9f, true});
  expect_same(rules::RmsProp{0.99f, 0.01f, 1e-8f});
  expect_same(rules::RmsPropMomentum{{0.99f, 0.01f, 1e-8f}, 0.9f});
  expect_same(rules::Adagrad{1e-10f});
  expect_same(rules::Lion{0.9f, 0.1f, 0.99f, 0.01f});
  expect_same(rules::Addition{});
  expect_same(rules::MuonDirection{0.95f, true});
  expect_same(rules::MuonStep{});
}

Bits range_bits(const cpu::RangeKernels& kernels, DType dtype) {
  const int64_t n = 1000;
  const Array master = random_array({n}, DType::f32, 1), m = random_array({n}, DType::f32, 4);
  const Array factor({2}, DType::f32, {1, 0.7});
  kernels.moving_average({m, master, factor, 0.01f}, 0, n);
  Array sums({2}, DType::f32,
             {kernels.sum(master.tensor().as<float>(), n), kernels.sum_squares(m.tensor().as<float>(), n)});
  const Array rows = random_array({7, n}, dtype, 3), tree = Array::zeros({n}, DType::f32);
  kernels.tree_sum({tree, rows}, 0, n);
  const cpu::StatisticsPart part = kernels.statistics(rows, 0, 7 * n);
  const Array statistics({4}, DType::f32, {part.min, part.max, part.sum, part.sum_of_magnitudes});
  return {m.bits(), sums.bits(), tree.bits(), statistics.bits()};
}

TEST_P(IsaBitsTest, Ranges) {
  EXPECT_EQ(range_bits(cpu::avx2::range_kernels, GetParam()), range_bits(cpu::avx512::range_kernels, GetParam()));
}

Bits attention_bits(const cpu::AttentionKernels& kernels, const AttentionOptions& options) {
  const AttentionCase c(options);
  for (int64_t head = 0; head < options.H; ++head) {
    const cpu::AttentionPiece piece{0, head, 0, options.Tq};
    kernels.forward(c.forward(), piece, piece);
  }
  Array sums = Array::zeros({2, round_up<int64_t>(options.Tk, 16), round_up<int64_t>(options.D, 16)}, DType::f32);
  for (int64_t head = 0; head < options.Hkv; ++head) {
    const cpu::AttentionPiece piece{0, head, 0, options.Tq};
    kernels.backward(c.backward(), piece, piece, sums.tensor().as<float>());
  }
  return c.bits();
}

TEST_P(IsaBitsTest, Attention) {
  for (const int64_t D : {8, 20, 64, 80})
    for (const float p : {0.0f, 0.2f}) {
      const AttentionOptions o{.Tq = 100, .Tk = 130, .H = 2, .Hkv = 1, .D = D, .dtype = GetParam(), .p = p};
      EXPECT_EQ(attention_bits(cpu::avx2::attention_kernels, o), attention_bits(cpu::avx512::attention_kernels, o))
          << to_string(o);
    }
  for (const float p : {0.0f, 0.2f}) {
    const AttentionOptions o{
        .Tq = 150, .Tk = 150, .H = 2, .Hkv = 1, .D = 20, .dtype = GetParam(), .p = p, .window = 33, .document = 70};
    EXPECT_EQ(attention_bits(cpu::avx2::attention_kernels, o), attention_bits(cpu::avx512::attention_kernels, o))
        << to_string(o);
  }
}

Bits decode_bits(const cpu::AttentionKernels& kernels, DType dtype) {
  const AttentionCase c({.Tq = 1, .Tk = 200, .H = 1, .Hkv = 1, .D = 40, .dtype = dtype});
  kernels.decode(c.forward(), 0, 0, 0);
  return c.bits();
}

TEST_P(IsaBitsTest, Decoding) {
  EXPECT_EQ(decode_bits(cpu::avx2::attention_kernels, GetParam()),
            decode_bits(cpu::avx512::attention_kernels, GetParam()));
}

// More than one block of k, a narrow last panel, and rows that do not fill a strip of either.
std::vector<MatmulOptions> large_products() {
  std::vector<MatmulOptions> all;
  for (const auto& [a_transposed, b_transposed] : {std::pair{false, false}, {false, true}, {true, false}, {true, true}})
    for (const bool accumulate : {false, true})
      all.push_back({.M = 157,
                     .N = 85,
                     .K = 803,
                     .a_transposed = a_transposed,
                     .b_transposed = b_transposed,
                     .accumulate = accumulate});
  return all;
}

Bits panel_bits(const cpu::PanelKernels& kernels, const MatmulOptions& options) {
  MatmulCase c(options);
  c.run([&](const Matmul& args) {
    const cpu::PanelProduct product(cpu::product_shape(args), kernels);
    cpu::ProductCall call(product, args);
    cpu::run_products(std::array{&call});
  });
  c.expect_right();
  return {c.c.bits()};
}

TEST(IsaBits, PanelProducts) {
  if (cpu::processor_isa() == cpu::Isa::avx2) GTEST_SKIP() << "this processor has no AVX-512";
  for (const MatmulOptions& options : large_products())
    EXPECT_EQ(panel_bits(cpu::avx2::panel_kernels, options), panel_bits(cpu::avx512::panel_kernels, options))
        << to_string(options);
}

// The activations over the range where they bend, in columns that do not fill the last vector.
Bits epilogue_bits(const cpu::ProductLoops& loops, DType input, DType output, Activation activation,
                   Activation derivative_of) {
  const int64_t M = 9, N = 203;
  const Array product = random_array({M, N}, DType::f32, 1, 12), c = random_array({M, N}, output, 2);
  const Array bias = random_array({N}, input, 3), pre_activation = random_array({M, N}, input, 4, 12);
  loops.epilogue({.product = product.tensor().as<float>(),
                  .product_stride = N,
                  .rows = M,
                  .columns = N,
                  .c = c.tensor().data,
                  .output = output,
                  .c_stride = N,
                  .accumulate = true,
                  .input = input,
                  .bias = bias.tensor().data,
                  .pre_activation = pre_activation.tensor().data,
                  .activation = activation,
                  .derivative_of = derivative_of});
  return {c.bits(), pre_activation.bits()};
}

TEST_P(IsaBitsTest, Epilogues) {
  using enum Activation;
  for (const auto& [name, kind] : enum_names(Activation{}))
    for (const DType output : {DType::f32, DType::bf16})
      for (const bool derivative : {false, true}) {
        const auto bits = [&](const cpu::ProductLoops& loops) {
          return epilogue_bits(loops, GetParam(), output, derivative ? none : kind, derivative ? kind : none);
        };
        EXPECT_EQ(bits(cpu::avx2::product_loops), bits(cpu::avx512::product_loops))
            << name << (derivative ? " derivative to " : " to ") << name_of(output);
      }
}

TEST_P(IsaBitsTest, Activations) {
  const int64_t n = 1003;
  for (const auto& [name, kind] : enum_names(Activation{})) {
    const auto bits = [&, kind = kind](const cpu::ElementwiseKernels& kernels) {
      const Array x = random_array({n}, GetParam(), 1, 9), dy = random_array({n}, GetParam(), 2), y = x, dx = x;
      kernels.activation_forward({y, x, kind, 0.3f}, 0, n);
      kernels.activation_backward({dx, dy, derivative_from_output(kind) ? y : x, kind, 0.3f}, 0, n);
      return Bits{y.bits(), dx.bits()};
    };
    EXPECT_EQ(bits(cpu::avx2::elementwise_kernels), bits(cpu::avx512::elementwise_kernels)) << name;
  }
}

Bits small_layer_bits(const cpu::RowKernels& rows, const cpu::ElementwiseKernels& elements, DType dtype) {
  const int64_t B = 3, P = 4, C = 103;
  const Array x = random_array({B, P, C}, dtype, 1, 4), other = random_array({B, P, C}, dtype, 2), y = x, dx = x;
  const Array gate = random_array({B, C}, dtype, 3), dgate = gate, losses = Array::zeros({B * P}, DType::f32),
              weights = losses, targets({B * P}, DType::i32, {0, 5, -1, 102, 7, 7, 1, 2, 3, 4, 5, 6});
  Bits bits;
  const auto keep = [&] {
    for (const Array* array : {&y, &dx, &dgate, &losses, &weights}) bits.push_back(array->bits());
  };
  for (const Combination kind : {Combination::sum, Combination::product}) {
    elements.combine({kind, y, {x, other}, 2}, 0, B * P * C);
    keep();
  }
  elements.gate({y, x, gate}, 0, B * P);
  for (int64_t b = 0; b < B; ++b) elements.gate_gradient({dgate, x, other}, b);
  keep();
  const Tensor rows_of_x = x.tensor().matrix(), rows_of_dx = dx.tensor().matrix(), target = other.tensor().matrix();
  for (const LossRule rule : {LossRule::squared, LossRule::absolute, LossRule::huber, LossRule::binary_cross_entropy}) {
    elements.pointwise_loss({rule, losses, weights, rows_of_x, target, rows_of_dx, {}, 0.5f, 0.3f}, 0, B * P);
    keep();
  }
  rows.softmax_forward({y.tensor().matrix(), rows_of_x}, 0, B * P);
  rows.softmax_backward({rows_of_dx, target, y.tensor().matrix()}, 0, B * P);
  keep();
  rows.weighted_cross_entropy({losses, weights, rows_of_dx, rows_of_x, targets, {}, 0.1f, 1, 0.5f}, 0, B * P);
  keep();
  return bits;
}

TEST_P(IsaBitsTest, SmallLayers) {
  EXPECT_EQ(small_layer_bits(cpu::avx2::row_kernels, cpu::avx2::elementwise_kernels, GetParam()),
            small_layer_bits(cpu::avx512::row_kernels, cpu::avx512::elementwise_kernels, GetParam()));
}

Bits rotary_bits(const cpu::ElementwiseKernels& kernels, DType dtype, bool interleaved, bool norm) {
  const int64_t T = 7, D = 44, width = 4 * D;
  RotaryShape s{.H = 2, .Hkv = 1, .D = D, .R = 38, .interleaved = interleaved, .amplitude = 1.1f};
  for (size_t i = 0; i < 19; ++i) s.frequencies[i] = 1.0f / static_cast<float>(1 + i * i);
  const Array x = random_array({1, T, width}, dtype, 1), dx = random_array({1, T, width}, dtype, 2);
  const Array kept = Array::zeros({1, T, 3 * D}, dtype), weight = random_array({D}, dtype, 3);
  const Array sums = Array::zeros({2, D}, DType::f32), position({1}, DType::i64, {123456});
  const Tensor weights = norm ? weight : Tensor(), keeps = norm ? kept : Tensor();
  kernels.rotary_forward({s, x, keeps, weights, weights, position}, 0, T);
  kernels.rotary_backward({s, dx, keeps, weights, weights}, 0, T, sums.tensor().as<float>());
  return {x.bits(), kept.bits(), dx.bits(), sums.bits()};
}

TEST_P(IsaBitsTest, RotaryPositions) {
  for (const bool interleaved : {false, true})
    for (const bool norm : {false, true})
      EXPECT_EQ(rotary_bits(cpu::avx2::elementwise_kernels, GetParam(), interleaved, norm),
                rotary_bits(cpu::avx512::elementwise_kernels, GetParam(), interleaved, norm));
}

Bits swiglu_bits(const cpu::ElementwiseKernels& kernels, DType dtype) {
  const int64_t N = 5, F = 103;
  const Array x = random_array({N, 2 * F}, dtype, 1, 9), dy = random_array({N, F}, dtype, 2), y = dy, dx = x,
              again = dy;
  kernels.swiglu_forward({y, x}, 0, N);
  kernels.swiglu_backward({dx, again, dy, x}, 0, N);
  EXPECT_EQ(again.bits(), y.bits()) << "backward computes the same again";
  return {y.bits(), dx.bits()};
}

TEST_P(IsaBitsTest, GatedUnits) {
  EXPECT_EQ(swiglu_bits(cpu::avx2::elementwise_kernels, GetParam()),
            swiglu_bits(cpu::avx512::elementwise_kernels, GetParam()));
}

Bits operand_bits(const cpu::ProductLoops& loops, DType dtype) {
  const int64_t M = 135, N = 803;
  const Array matrix = random_array({M, N}, dtype, 1), sums = random_array({N}, DType::f32, 2);
  const Array row = random_array({N}, DType::bf16, 3), wide = Array::zeros({N}, DType::f32);
  loops.add_column_sums(sums.tensor().as<float>(), matrix.tensor().data, dtype, N, M, N);
  loops.widen(wide.tensor().as<float>(), row.tensor().as<bf16>(), N);
  return {sums.bits(), wide.bits()};
}

TEST_P(IsaBitsTest, OperandsOfProducts) {
  EXPECT_EQ(operand_bits(cpu::avx2::product_loops, GetParam()), operand_bits(cpu::avx512::product_loops, GetParam()));
}

template <class Operation>
void run_with_scratch(const Operation& operation, const auto&... arguments) {
  const Array scratch = Array::filled({static_cast<int64_t>(operation.scratch_bytes())}, DType::u8, 255);
  operation.run(arguments..., scratch.tensor().as<float>());
}

Bits convolution_bits(const cpu::ConvolutionKernels& kernels, const ConvolutionOptions& options) {
  const ConvolutionCase c(options);
  const ConvolutionForward forward = c.forward();
  run_with_scratch(cpu::TapProduct(forward_grid(c.shape), cpu::channel_groups(c.shape), forward.x, forward.y,
                                   forward.bias, forward.relu, kernels),
                   forward.weight, c.shape.kernel_w);
  const ConvolutionBackwardWeight backward = c.backward_weight();
  run_with_scratch(cpu::WeightGradient(backward, kernels));
  return {c.y.bits(), c.dweight.bits(), c.dbias.bits()};
}

TEST_P(IsaBitsTest, Convolutions) {
  for (const ConvolutionOptions& options : convolutions(GetParam()))
    EXPECT_EQ(convolution_bits(cpu::avx2::convolution_kernels, options),
              convolution_bits(cpu::avx512::convolution_kernels, options))
        << to_string(options);
}

Bits pool_bits(const cpu::PoolKernels& kernels, DType dtype) {
  const PoolShape s{.B = 2,
                    .H = 9,
                    .W = 7,
                    .C = 37,
                    .Hout = 4,
                    .Wout = 3,
                    .window_h = 3,
                    .window_w = 3,
                    .stride_h = 2,
                    .stride_w = 2,
                    .dtype = dtype};
  const Array x = random_array(s.of_x(), dtype, 1), dy = random_array(s.of_y(), dtype, 2);
  const Array y = Array::zeros(dy.tensor().shape, dtype), mean = y, places = Array::zeros(dy.tensor().shape, DType::u8);
  const Array dx = Array::zeros(x.tensor().shape, dtype), dmean = dx;
  kernels.max_forward({s, y, places, x}, 0, s.B * s.Hout);
  kernels.max_backward({s, dx, dy, places}, 0, s.B * s.H);
  kernels.average_forward({s, mean, x}, 0, s.B * s.Hout);
  kernels.average_backward({s, dmean, dy}, 0, s.B * s.H);
  return {y.bits(), places.bits(), dx.bits(), mean.bits(), dmean.bits()};
}

TEST_P(IsaBitsTest, Pools) {
  EXPECT_EQ(pool_bits(cpu::avx2::pool_kernels, GetParam()), pool_bits(cpu::avx512::pool_kernels, GetParam()));
}

INSTANTIATE_TEST_SUITE_P(DTypes, IsaBitsTest, ::testing::Values(DType::f32, DType::bf16),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace convoy::test
