#include "tests/kernels/matmul_case.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/base/philox.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy::test {
namespace {

// In [-1, 1), with four decimals so that bf16 rounding is not trivial.
double made_up(uint32_t site, int64_t index) {
  const uint32_t word = philox(philox_key(1), {static_cast<uint32_t>(index), site, 0, 0})[0];
  return 2.0 * philox_uniform(word) - 1.0;
}

void fill(MirroredTensor& tensor, uint32_t site) {
  for (int64_t i = 0; i < tensor.tensor().elements(); ++i) tensor.set(i, made_up(site, i));
}

std::vector<double> values(const MirroredTensor& tensor) {
  std::vector<double> result;
  for (int64_t i = 0; tensor.tensor() && i < tensor.tensor().elements(); ++i) result.push_back(tensor.at(i));
  return result;
}

// One rounding to the dtype, after sums of terms of this magnitude in f32.
double tolerance(DType dtype, double value, double magnitude) {
  const double rounding = dtype == DType::bf16 ? 0x1.02p-8 : 0x1p-24;
  return rounding * std::abs(value) + 2e-6 * magnitude + 1e-30;
}

}  // namespace

std::string to_string(const MatmulOptions& o) {
  return fmt::format("{} x {} x {} {} -> {}{}{}{}{}{}{}{} activation {} derivative {}", o.M, o.N, o.K, name_of(o.input),
                     name_of(o.output), o.a_transposed ? " a^T" : "",
                     o.more_columns > 0 ? fmt::format(" of {} more", o.more_columns) : "", o.b_transposed ? " b^T" : "",
                     o.accumulate ? " accumulate" : "", o.bias ? " bias" : "", o.pre_activation ? " pre" : "",
                     o.column_sums ? " sums" : "", static_cast<int>(o.activation), static_cast<int>(o.derivative_of));
}

double activation_f64(Activation kind, double x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::gelu_tanh:
      // As x / (1 + e^-2u): 1 + tanh(u) has no correct digits left where u is very negative.
      return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::leaky_relu:
      return x > 0 ? x : double{default_number(kind)} * x;
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::softplus:
      return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case Activation::elu:
      return x > 0 ? x : std::expm1(x);
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return 0;
}

double derivative_f64(Activation kind, double x) {
  if (kind == Activation::relu) return x > 0 ? 1 : 0;
  if (kind == Activation::leaky_relu) return x > 0 ? 1 : double{default_number(kind)};
  const double h = 1e-5;
  return (activation_f64(kind, x + h) - activation_f64(kind, x - h)) / (2 * h);
}

MirroredTensor::MirroredTensor(const Shape& shape, DType dtype, int64_t offset) : tensor_{nullptr, dtype, shape} {
  const size_t before = static_cast<size_t>(offset) * size_of(dtype);
  host_.resize(tensor_.bytes());
  memory_ = TestMemory(before + tensor_.bytes());
  tensor_.data = memory_.data() + before;
}

double MirroredTensor::at(int64_t index) const {
  if (tensor_.dtype == DType::f32) return double{reinterpret_cast<const float*>(host_.data())[index]};
  return double{static_cast<float>(reinterpret_cast<const bf16*>(host_.data())[index])};
}

void MirroredTensor::set(int64_t index, double value) {
  if (tensor_.dtype == DType::f32)
    reinterpret_cast<float*>(host_.data())[index] = static_cast<float>(value);
  else
    reinterpret_cast<bf16*>(host_.data())[index] = bf16(static_cast<float>(value));
}

MatmulCase::MatmulCase(const MatmulOptions& o, int64_t offset)
    : options(o),
      a(o.a_transposed ? Shape{o.K, o.M + o.more_columns} : Shape{o.M, o.K}, o.input, offset),
      b(o.b_transposed ? Shape{o.N, o.K} : Shape{o.K, o.N}, o.input, offset),
      c({o.M, o.N}, o.output, offset) {
  fill(a, 1);
  fill(b, 2);
  fill(c, 3);
  if (o.bias) fill(bias = MirroredTensor({o.N}, o.input, offset), 4);
  if (o.pre_activation) fill(pre_activation = MirroredTensor({o.M, o.N}, o.input, offset), 5);
  if (o.column_sums) fill(column_sums = MirroredTensor({o.N}, DType::f32, offset), 6);
  old_c_ = values(c);
  old_column_sums_ = values(column_sums);
}

void MatmulCase::run() {
  run([](const Matmul& matmul) {
    Ops& ops = test_device().ops();
    const TestMemory scratch(ops.scratch_bytes(matmul));
    ops.run(test_stream(), matmul, {scratch.data(), DType::u8, {static_cast<int64_t>(ops.scratch_bytes(matmul))}});
    test_stream().synchronize();
  });
}

Matmul MatmulCase::args() const {
  Matmul args{.c = c.tensor(), .a = a.tensor(), .b = b.tensor()};
  args.a_transposed = options.a_transposed;
  args.b_transposed = options.b_transposed;
  args.accumulate = options.accumulate;
  args.bias = bias.tensor();
  args.activation = options.activation;
  args.pre_activation = pre_activation.tensor();
  args.derivative_of = options.derivative_of;
  args.column_sums = column_sums.tensor();
  return args;
}

std::vector<MirroredTensor*> MatmulCase::tensors() {
  std::vector<MirroredTensor*> all;
  for (MirroredTensor* tensor : {&a, &b, &c, &bias, &pre_activation, &column_sums})
    if (tensor->tensor()) all.push_back(tensor);
  return all;
}

MatmulCase::Sum MatmulCase::product(int64_t m, int64_t n) const {
  const int64_t M = options.M, N = options.N, K = options.K;
  Sum sum{0, 0};
  for (int64_t k = 0; k < K; ++k) {
    const double term = a.at(options.a_transposed ? k * (M + options.more_columns) + m : m * K + k) *
                        b.at(options.b_transposed ? n * K + k : k * N + n);
    sum.value += term;
    sum.magnitude += std::abs(term);
  }
  return sum;
}

// How wrong tanh may make GELU, and its derivative, at x: cuBLASLt's epilogues round to bf16, and may take
// tanh.approx.f32, which is wrong by 2^-11 (PTX ISA). Where the result is f32 our own kernel computes it.
static double wrong_tanh(const MatmulOptions& options, double x, bool derivative) {
  constexpr double kWrong = 0x1p-11, kInner = 0.7978845608, kCubic = 3 * 0.044715;
  const Activation kind = derivative ? options.derivative_of : options.activation;
  if (kind != Activation::gelu_tanh || options.output != DType::bf16 || test_device().info().kind != DeviceKind::cuda)
    return 0;
  if (!derivative) return kWrong * std::abs(x) / 2;
  return kWrong * (0.5 + std::abs(x) * kInner * (1 + kCubic * x * x));
}

void MatmulCase::expect_element(int64_t m, int64_t n) const {
  const int64_t index = m * options.N + n;
  Sum sum = product(m, n);
  if (options.accumulate) sum.value += old_c_[static_cast<size_t>(index)];
  if (options.bias) sum.value += bias.at(n);
  sum.magnitude += std::abs(sum.value);
  double wrong = 0;
  if (options.derivative_of != Activation::none) {
    const double slope = derivative_f64(options.derivative_of, pre_activation.at(index));
    wrong = wrong_tanh(options, pre_activation.at(index), true) * std::abs(sum.value);
    sum = {sum.value * slope, sum.magnitude * std::abs(slope) + 6e-2 * std::abs(sum.value)};
  } else {
    if (options.pre_activation) {
      ASSERT_NEAR(pre_activation.at(index), sum.value, tolerance(options.input, sum.value, sum.magnitude))
          << "pre-activation at " << m << ", " << n << " of " << to_string(options);
    }
    wrong = wrong_tanh(options, sum.value, false);
    sum = {activation_f64(options.activation, sum.value), 1.2 * sum.magnitude};
  }
  ASSERT_NEAR(c.at(index), sum.value, wrong + tolerance(options.output, sum.value, sum.magnitude))
      << "c at " << m << ", " << n << " of " << to_string(options);
}

void MatmulCase::expect_right() const {
  // Every element of small products; of large ones a step that meets all tiles and their edges.
  const int64_t step = options.M * options.N * options.K > 2'000'000 ? 37 : 1;
  for (int64_t index = 0; index < options.M * options.N; index += step) {
    expect_element(index / options.N, index % options.N);
    if (testing::Test::HasFatalFailure()) return;
  }
  for (int64_t n = 0; n < column_sums.tensor().elements() && options.column_sums; ++n) {
    double sum = old_column_sums_[static_cast<size_t>(n)];
    for (int64_t k = 0; k < options.K; ++k) sum += b.at(k * options.N + n);
    ASSERT_NEAR(column_sums.at(n), sum, 1e-6 * static_cast<double>(options.K + 1))
        << "column " << n << " of " << to_string(options);
  }
}

}  // namespace convoy::test
