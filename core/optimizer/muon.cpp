#include "core/optimizer/muon.h"

#include <algorithm>
#include <cmath>
#include <typeindex>

#include "core/base/integers.h"
#include "core/ops/matmul.h"
#include "core/ops/matrix_polynomial.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {

constexpr float kC0 = 3.4445f, kC1 = -4.7750f, kC2 = 2.0315f;  // of the iteration, arXiv:2502.16982
constexpr float kEps = 1e-7f;                                  // beside the norm
constexpr float kStepRms = 0.2f;                               // AdamW's, of an element

// The product of x with itself that has the smaller side.
Matmul square_of(const Tensor& c, const Tensor& x) {
  const bool tall = x.shape[0] > x.shape[1];
  return {.c = c, .a = x, .b = x, .a_transposed = tall, .b_transposed = !tall};
}

Matmul applied(const Tensor& c, const Tensor& polynomial, const Tensor& x) {
  const bool tall = x.shape[0] > x.shape[1];
  return {.c = c, .a = tall ? x : polynomial, .b = tall ? polynomial : x};
}

template <class... Args>
std::string missing_of(const Ops& ops) {
  std::string missing;
  ((missing.empty() && !ops.has<Args>() ? missing = operator_name(typeid(Args)) : missing), ...);
  return missing;
}

}  // namespace

// The parts of a workspace, as the operators want them.
struct Muon::Work {
  Work(int64_t rows, int64_t columns, DType dtype, const Tensor& memory) : memory_(memory) {
    const int64_t side = std::min(rows, columns);
    partials = take(DType::f32, {ceil_div(rows * columns, kSumSquaresBlock)});
    square = take(DType::f32, {1});
    x = take(dtype, {rows, columns});
    other = take(dtype, {rows, columns});
    last = dtype == DType::f32 ? Tensor{} : take(DType::f32, {rows, columns});
    a = take(dtype, {side, side});
    polynomial = take(dtype, {side, side});
  }

  // Behind them: scratch of the products.
  size_t scratch_bytes(const Ops& ops) const {
    return std::max({ops.scratch_bytes(square_of(a, x)), ops.scratch_bytes(square_of(polynomial, a)),
                     ops.scratch_bytes(applied(other, polynomial, x)),
                     last ? ops.scratch_bytes(applied(last, polynomial, x)) : 0});
  }
  Tensor scratch(size_t bytes) { return bytes == 0 ? Tensor{} : take(DType::u8, {static_cast<int64_t>(bytes)}); }
  size_t used() const { return used_; }

  Tensor partials, square, x, other, a, polynomial;
  Tensor last;  // where the iteration's result is f32 and nothing else is

 private:
  Tensor take(DType dtype, const Shape& shape) {
    Tensor tensor{memory_.data == nullptr ? nullptr : memory_.as<std::byte>() + used_, dtype, shape};
    used_ += round_up(tensor.bytes(), kStepAlignment);
    return tensor;
  }

  Tensor memory_;
  size_t used_ = 0;
};

Muon::Muon(const MuonMaker& keys, std::unique_ptr<Optimizer> rest)
    : lr_(keys.lr),
      weight_decay_(keys.weight_decay),
      direction_{static_cast<float>(keys.momentum), keys.nesterov},
      steps_(keys.steps),
      dtype_(keys.iteration == MuonIteration::bf16 ? DType::bf16 : DType::f32),
      rest_(std::move(rest)) {}

std::vector<float> Muon::numbers(int64_t, double lr) const { return {static_cast<float>(lr)}; }

std::string Muon::missing(const Ops& ops) const {
  const std::string missing = missing_of<OptimizerUpdate<rules::MuonDirection>, OptimizerUpdate<rules::MuonStep>,
                                         SumSquares, Sum, UnitNorm, MatrixPolynomial, Matmul>(ops);
  return missing.empty() ? rest_->missing(ops) : missing;
}

void Muon::direction(Ops& ops, Stream& stream, const UpdateTensors& t, const Tensor& direction) const {
  ops.run(stream, OptimizerUpdate<rules::MuonDirection>{.weights = direction,
                                                        .gradient = t.gradient,
                                                        .states = {t.states[0]},
                                                        .decays = t.decays,
                                                        .norm_and_factor = t.norm_and_factor,
                                                        .numbers = t.numbers,
                                                        .rule = direction_,
                                                        .rounding = t.rounding});
}

size_t Muon::step_bytes(const Ops& ops, int64_t rows, int64_t columns) const {
  Work work(rows, columns, dtype_, {});
  work.scratch(work.scratch_bytes(ops));
  return work.used();
}

void Muon::step(Ops& ops, Stream& stream, const Tensor& matrix, const Tensor& workspace) const {
  const int64_t rows = matrix.shape[0], columns = matrix.shape[1];
  Work work(rows, columns, dtype_, workspace);
  const Tensor scratch = work.scratch(work.scratch_bytes(ops));
  const Tensor flat = matrix.range(0, matrix.elements());
  ops.run(stream, SumSquares{work.partials, flat});
  ops.run(stream, Sum{work.square, work.partials});
  ops.run(stream, UnitNorm{work.x, matrix, work.square, kEps});
  for (int64_t i = 0; i < steps_; ++i) {
    const bool ends = i == steps_ - 1;
    const float scale = ends ? kStepRms * std::sqrt(static_cast<float>(std::max(rows, columns))) : 1.0f;
    const Tensor& to = ends && work.last ? work.last : work.other;
    ops.run(stream, square_of(work.a, work.x), scratch);
    ops.run(stream, square_of(work.polynomial, work.a), scratch);
    ops.run(stream, MatrixPolynomial{work.polynomial, work.a, scale * kC0, scale * kC1, scale * kC2});
    ops.run(stream, applied(to, work.polynomial, work.x), scratch);
    std::swap(work.x, work.other);
  }
  stream.copy(matrix.data, (work.last ? work.last : work.x).data, matrix.bytes());
}

void Muon::update(Ops& ops, Stream& stream, const UpdateTensors& t) const {
  ops.run(stream, OptimizerUpdate<rules::MuonStep>{.weights = t.weights,
                                                   .master = t.master,
                                                   .gradient = t.gradient,
                                                   .states = {},
                                                   .decays = t.decays,
                                                   .norm_and_factor = t.norm_and_factor,
                                                   .numbers = t.numbers,
                                                   .weight_decay = t.weight_decay,
                                                   .rule = {}});
}

void MuonMaker::describe(Keys& keys) {
  describe_lr(keys, lr);
  keys("momentum", momentum, "", "decay of the sum of gradients that is followed", Allowed::from_to_below(0, 1));
  keys("nesterov", nesterov, "", "follow the sum as it will be after the step");
  keys("steps", steps, "", "of the iteration that brings the singular values of a step near 1", Allowed::from(1, 100));
  keys("iteration", iteration, "", "what its products are of: f32, or bf16, which is quicker on tensor cores");
  describe_decoupled_decay(keys, weight_decay);
  keys.section("adamw", adamw);
}

void describe(Keys& keys, MuonRest& rest) {
  keys("lr", rest.lr, "", "peak learning rate of all but hidden matrices; auto: as theirs",
       Allowed::from(kLeastReal, kMostReal));
  keys("beta1", rest.beta1, "", "decay of the first moment", Allowed::from_to_below(0, 1));
  keys("beta2", rest.beta2, "", "decay of the second moment", Allowed::from_to_below(0, 1));
  describe_eps(keys, rest.eps, "added to the root of the second moment");
  describe_decoupled_decay(keys, rest.weight_decay);
}

std::unique_ptr<Optimizer> MuonMaker::make() const {
  AdamWMaker rest;
  rest.lr = adamw.lr.value_or(lr);
  rest.beta1 = adamw.beta1, rest.beta2 = adamw.beta2, rest.eps = adamw.eps, rest.weight_decay = adamw.weight_decay;
  return std::make_unique<Muon>(*this, rest.make());
}

}  // namespace convoy
