// Speed of the CPU's operators at the shapes of a training step: 6 layers, 384 channels, T 256, batch 16, unless named
// otherwise. Attention in FLOP/s of the scores that the mask leaves, the rest in bytes a second that must pass memory.
//
//   OMP_NUM_THREADS=2 operators_benchmark [--benchmark_filter=Attention]
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "core/base/owned.h"
#include "core/ops/attention.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/norm.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"
#include "core/optimizer/rules/rules.h"
#include "kernels/cpu/cpu_memory.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/cpu_stream.h"

namespace convoy {
namespace {

constexpr int64_t kRows = 16 * 256, kChannels = 384;

// A tensor with memory of the device, filled with numbers small enough for every operator.
class Operand {
 public:
  Operand(const Shape& shape, DType dtype, float value = 0.5f)
      : memory_(cpu::allocate_block(static_cast<size_t>(shape.elements()) * size_of(dtype) + 64)),
        tensor_{memory_.get(), dtype, shape} {
    if (dtype == DType::i32 || dtype == DType::u8) return;
    for (int64_t i = 0; i < shape.elements(); ++i) {
      const float varied = value * static_cast<float>(i * 7919 % 997) / 997.0f;
      if (dtype == DType::f32) tensor_.as<float>()[i] = varied;
      if (dtype == DType::bf16) tensor_.as<bf16>()[i] = bf16(varied);
    }
  }
  operator const Tensor&() const { return tensor_; }  // NOLINT(google-explicit-constructor): stands for its tensor
  const Tensor* operator->() const { return &tensor_; }

 private:
  Owned<void*, cpu::release_block> memory_;
  Tensor tensor_;
};

template <class Arguments>
void measure(benchmark::State& state, const Arguments& args, const char* unit, double work) {
  cpu::CpuOps ops;
  const std::unique_ptr<Stream> stream = cpu::make_cpu_stream(StreamKind::compute);
  const Operand scratch(Shape{static_cast<int64_t>(ops.scratch_bytes(args))}, DType::u8);
  for (auto _ : state) ops.run(*stream, args, scratch);
  state.counters[unit] = benchmark::Counter(work, benchmark::Counter::kIsIterationInvariantRate);
}

double bytes(std::initializer_list<Tensor> tensors) {
  double sum = 0;
  for (const Tensor& tensor : tensors) sum += static_cast<double>(tensor.bytes());
  return sum;
}

DType dtype_of_state(const benchmark::State& state) { return state.range(0) == 0 ? DType::f32 : DType::bf16; }

// Arguments: B, Tq, Tk, H, D, bf16, percent of dropout.
struct AttentionOperands {
  AttentionShape shape;
  Operand q, kv, dq, dkv, y, dy, logsumexp, first_sample;
  Dropout dropout;

  explicit AttentionOperands(const benchmark::State& state)
      : shape{state.range(0),
              state.range(1),
              state.range(2),
              state.range(3),
              state.range(3),
              state.range(4),
              state.range(5) == 0 ? DType::f32 : DType::bf16,
              true,
              1 / std::sqrt(static_cast<float>(state.range(4)))},
        q({shape.B, shape.Tq, shape.H * shape.D}, shape.dtype),
        kv({shape.B, shape.Tk, 2 * shape.H * shape.D}, shape.dtype),
        dq(q->shape, shape.dtype),
        dkv(kv->shape, shape.dtype),
        y(q->shape, shape.dtype),
        dy(q->shape, shape.dtype),
        logsumexp({shape.B, shape.H, shape.Tq}, DType::f32),
        first_sample({1}, DType::i64),
        dropout{static_cast<float>(state.range(6)) / 100, 1, 2, shape.H * shape.Tq, first_sample} {
    *first_sample->as<int64_t>() = 0;
  }
  static Heads heads(const Operand& operand, int64_t offset) {
    const int64_t stride = operand->shape[-1];
    return {operand->range(offset, 0).data, stride, stride * operand->shape[1]};
  }
  AttentionForward forward() const {
    return {shape, heads(y, 0), logsumexp, heads(q, 0), heads(kv, 0), heads(kv, shape.H * shape.D), dropout, {}};
  }
  AttentionBackward backward() const {
    const int64_t value = shape.H * shape.D;
    return {shape,       heads(dq, 0), heads(dkv, 0),    heads(dkv, value), heads(dy, 0), heads(y, 0),
            heads(q, 0), heads(kv, 0), heads(kv, value), logsumexp,         dropout,      {}};
  }
  // Of one product of all scores that are seen with D-vectors.
  double product_flops() const {
    double seen = 0;
    for (int64_t i = 0; i < shape.Tq; ++i) seen += static_cast<double>(i + shape.Tk - shape.Tq + 1);
    return 2 * seen * static_cast<double>(shape.B * shape.H * shape.D);
  }
};

void attention_shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"B", "Tq", "Tk", "H", "D", "bf16", "dropout"});
  benchmark->Args({16, 256, 256, 6, 64, 0, 0})->Args({16, 256, 256, 6, 64, 0, 10})->Args({16, 256, 256, 6, 64, 1, 0});
  benchmark->Args({32, 64, 64, 4, 32, 0, 0})->Args({4, 1024, 1024, 6, 64, 0, 0});
}

void BM_AttentionForward(benchmark::State& state) {
  const AttentionOperands operands(state);
  measure(state, operands.forward(), "FLOP/s", 2 * operands.product_flops());
}
BENCHMARK(BM_AttentionForward)->Apply(attention_shapes)->UseRealTime();

void BM_AttentionBackward(benchmark::State& state) {
  const AttentionOperands operands(state);
  cpu::CpuOps ops;
  ops.run(*cpu::make_cpu_stream(StreamKind::compute), operands.forward());
  measure(state, operands.backward(), "FLOP/s", 5 * operands.product_flops());
}
BENCHMARK(BM_AttentionBackward)->Apply(attention_shapes)->UseRealTime();

// One new token over a cache: what counts is how fast the cache is read.
void BM_AttentionDecode(benchmark::State& state) {
  const AttentionOperands operands(state);
  measure(state, operands.forward(), "bytes/s", bytes({operands.kv}));
}
BENCHMARK(BM_AttentionDecode)
    ->ArgNames({"B", "Tq", "Tk", "H", "D", "bf16", "dropout"})
    ->Args({1, 1, 1024, 12, 64, 0, 0})
    ->Args({8, 1, 4096, 12, 64, 0, 0})
    ->Args({8, 1, 4096, 12, 64, 1, 0})
    ->UseRealTime();

void BM_LayerNormForward(benchmark::State& state) {
  const DType dtype = dtype_of_state(state);
  const Operand x({kRows, kChannels}, dtype), branch(x->shape, dtype), residual(x->shape, dtype), y(x->shape, dtype);
  const Operand mean({kRows}, DType::f32), rstd({kRows}, DType::f32), weight({kChannels}, dtype),
      first({1}, DType::i64);
  *first->as<int64_t>() = 0;
  const Dropout dropout{static_cast<float>(state.range(1)) / 100, 1, 2, 256, first};
  measure(state, NormForward{NormKind::layer, y, residual, mean, rstd, x, branch, dropout, weight, weight, 1e-5f},
          "bytes/s", bytes({x, branch, residual, y}));
}
BENCHMARK(BM_LayerNormForward)->ArgNames({"bf16", "dropout"})->Args({0, 0})->Args({0, 10})->Args({1, 0})->UseRealTime();

void BM_LayerNormBackward(benchmark::State& state) {
  const DType dtype = dtype_of_state(state);
  const Operand x({kRows, kChannels}, dtype), dy(x->shape, dtype), other(x->shape, dtype), dx(x->shape, dtype);
  const Operand mean({kRows}, DType::f32), rstd({kRows}, DType::f32), weight({kChannels}, dtype);
  const Operand dweight({kChannels}, DType::f32), dbias({kChannels}, DType::f32);
  measure(state, NormBackward{NormKind::layer, dx, {}, dweight, dbias, dy, other, x, mean, rstd, weight, {}}, "bytes/s",
          bytes({x, dy, other, dx}));
}
BENCHMARK(BM_LayerNormBackward)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();

void BM_RmsNormForward(benchmark::State& state) {
  const DType dtype = dtype_of_state(state);
  const Operand x({kRows, kChannels}, dtype), branch(x->shape, dtype), residual(x->shape, dtype), y(x->shape, dtype);
  const Operand rstd({kRows}, DType::f32), weight({kChannels}, dtype);
  measure(state, NormForward{NormKind::rms, y, residual, {}, rstd, x, branch, {}, weight, {}, 1e-5f}, "bytes/s",
          bytes({x, branch, residual, y}));
}
BENCHMARK(BM_RmsNormForward)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();

void BM_RmsNormBackward(benchmark::State& state) {
  const DType dtype = dtype_of_state(state);
  const Operand x({kRows, kChannels}, dtype), dy(x->shape, dtype), other(x->shape, dtype), dx(x->shape, dtype);
  const Operand rstd({kRows}, DType::f32), weight({kChannels}, dtype), dweight({kChannels}, DType::f32);
  measure(state, NormBackward{NormKind::rms, dx, {}, dweight, {}, dy, other, x, {}, rstd, weight, {}}, "bytes/s",
          bytes({x, dy, other, dx}));
}
BENCHMARK(BM_RmsNormBackward)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();

void BM_CrossEntropy(benchmark::State& state) {
  const DType dtype = dtype_of_state(state);
  const int64_t V = state.range(1), N = (1 << 23) / V;
  const Operand logits({N, V}, dtype), losses({N}, DType::f32), targets({N}, DType::i32);
  measure(state, CrossEntropy{losses, logits, logits, targets, 1}, "bytes/s", 2 * bytes({logits}));
}
BENCHMARK(BM_CrossEntropy)->ArgNames({"bf16", "V"})->Args({0, 84})->Args({0, 50257})->Args({1, 50257})->UseRealTime();

template <class Rule>
void BM_OptimizerUpdate(benchmark::State& state) {
  const int64_t n = 10 << 20;
  const bool in_bf16 = dtype_of_state(state) == DType::bf16;
  const Operand weights({n}, dtype_of_state(state)), gradient({n}, DType::f32), m({n}, DType::f32), v({n}, DType::f32);
  const Operand master({in_bf16 ? n : 1}, DType::f32), decays({n / kParameterBlock}, DType::u8);
  const Operand factor({2}, DType::f32), numbers({3}, DType::f32);
  for (const int i : {0, 1}) factor->as<float>()[i] = 1;
  for (const int i : {0, 1, 2}) numbers->as<float>()[i] = 0.1f;
  OptimizerUpdate<Rule> args{weights, in_bf16 ? *master.operator->() : Tensor{}, gradient, {}, decays, factor, numbers};
  const std::array<Tensor, 2> states{m, v};
  std::copy_n(states.begin(), Rule::kStates, args.states.begin());
  measure(state, args, "bytes/s",
          bytes({gradient}) + 2 * Rule::kStates * bytes({m}) +
              (in_bf16 ? 2 * bytes({master}) + bytes({weights}) : 2 * bytes({weights})));
}
BENCHMARK(BM_OptimizerUpdate<rules::AdamW>)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_OptimizerUpdate<rules::Lion>)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(BM_OptimizerUpdate<rules::SgdMomentum>)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();

void BM_SumSquares(benchmark::State& state) {
  const Operand x({10 << 20}, DType::f32), partials({(10 << 20) / kSumSquaresBlock}, DType::f32);
  measure(state, SumSquares{partials, x}, "bytes/s", bytes({x}));
}
BENCHMARK(BM_SumSquares)->UseRealTime();

void BM_TreeSum(benchmark::State& state) {
  const Operand rows({4, 2 << 20}, dtype_of_state(state)), y({2 << 20}, DType::f32);
  measure(state, TreeSum{y, rows}, "bytes/s", bytes({rows, y}));
}
BENCHMARK(BM_TreeSum)->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();

void BM_DropoutApply(benchmark::State& state) {
  const Operand x({kRows, kChannels}, DType::f32), y(x->shape, DType::f32), first({1}, DType::i64);
  *first->as<int64_t>() = 0;
  measure(state, DropoutApply{y, x, {0.1f, 1, 2, 256, first}}, "bytes/s", bytes({x, y}));
}
BENCHMARK(BM_DropoutApply)->UseRealTime();

void BM_EmbeddingBackward(benchmark::State& state) {
  const int64_t V = state.range(0);
  const Operand dy({16, 256, kChannels}, DType::f32), tokens({16, 256}, DType::i32);
  const Operand table({V, kChannels}, DType::f32), positions({256, kChannels}, DType::f32);
  for (int64_t i = 0; i < kRows; ++i) tokens->as<int32_t>()[i] = static_cast<int32_t>(i * 7919 % V);
  measure(state, EmbeddingBackward{table, positions, dy, tokens}, "bytes/s", 2 * bytes({dy}));
}
BENCHMARK(BM_EmbeddingBackward)->ArgName("V")->Arg(84)->Arg(50257)->UseRealTime();

// What a plain copy moves: the memory speed that the others are measured against.
void BM_Copy(benchmark::State& state) {
  const Operand x({kRows, 4 * kChannels}, DType::f32), y(x->shape, DType::f32);
  measure(state, Cast{y, x}, "bytes/s", bytes({x, y}));
}
BENCHMARK(BM_Copy)->UseRealTime();

}  // namespace
}  // namespace convoy

BENCHMARK_MAIN();
