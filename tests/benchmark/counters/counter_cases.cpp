#include "tests/benchmark/counters/counter_cases.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "core/base/integers.h"
#include "core/ops/attention.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"
#include "core/ops/matmul.h"
#include "core/ops/norm.h"
#include "core/ops/optimizer_update.h"
#include "core/ops/reductions.h"
#include "core/optimizer/rules/rules.h"

namespace convoy::counters {
namespace {

constexpr int64_t kChannels = 768, kVocabulary = 50257, kTokens = 1024, kHeads = 12;
constexpr int64_t kFlat = int64_t{3} << 20;  // elements of a range of parameters

Dropout dropout(CounterBench& bench, float p) {
  return {p, 7, random_stream(RandomSite::dropout, 3), kTokens,
          bench.integers(
              {1}, [](int64_t) { return 5; }, DType::i64)};
}

Work layer_norm_forward(CounterBench& bench, DType dtype, int64_t N, bool branch, float p) {
  const Shape rows{N, kChannels};
  NormForward args{.kind = NormKind::layer,
                   .y = bench.tensor(rows, dtype),
                   .mean = bench.tensor({N}, DType::f32),
                   .rstd = bench.tensor({N}, DType::f32),
                   .x = bench.tensor(rows, dtype),
                   .dropout = dropout(bench, p),
                   .weight = bench.tensor({kChannels}, dtype),
                   .bias = bench.tensor({kChannels}, dtype)};
  if (branch) {
    args.branch = bench.tensor(rows, dtype);
    args.residual = bench.tensor(rows, dtype);
  }
  bench.run(args);
  return {bytes_of({args.y, args.mean, args.rstd, args.x, args.weight, args.bias}) +
          (branch ? bytes_of({args.branch, args.residual}) : 0)};
}

Work layer_norm_backward(CounterBench& bench, DType dtype, int64_t N, float p) {
  const Shape rows{N, kChannels};
  NormBackward args{.kind = NormKind::layer,
                    .dx = bench.tensor(rows, dtype),
                    .dweight = bench.tensor({kChannels}, DType::f32),
                    .dbias = bench.tensor({kChannels}, DType::f32),
                    .dy = bench.tensor(rows, dtype),
                    .dresidual_out = bench.tensor(rows, dtype),
                    .residual = bench.tensor(rows, dtype),
                    .mean = bench.tensor({N}, DType::f32),
                    .rstd = bench.tensor({N}, DType::f32),
                    .weight = bench.tensor({kChannels}, dtype),
                    .dropout = dropout(bench, p)};
  if (p > 0) args.dbranch = bench.tensor(rows, dtype);
  bench.run(args);
  return {
      bytes_of({args.dx, args.dbranch, args.dy, args.dresidual_out, args.residual, args.mean, args.rstd, args.weight}) +
      2 * bytes_of({args.dweight, args.dbias})};
}

Work rms_norm_forward(CounterBench& bench, DType dtype, int64_t N, bool branch) {
  const Shape rows{N, kChannels};
  NormForward args{.kind = NormKind::rms,
                   .y = bench.tensor(rows, dtype),
                   .rstd = bench.tensor({N}, DType::f32),
                   .x = bench.tensor(rows, dtype),
                   .weight = bench.tensor({kChannels}, dtype)};
  if (branch) {
    args.branch = bench.tensor(rows, dtype);
    args.residual = bench.tensor(rows, dtype);
  }
  bench.run(args);
  return {bytes_of({args.y, args.rstd, args.x, args.weight}) + (branch ? bytes_of({args.branch, args.residual}) : 0)};
}

Work rms_norm_backward(CounterBench& bench, DType dtype, int64_t N) {
  const Shape rows{N, kChannels};
  const NormBackward args{.kind = NormKind::rms,
                          .dx = bench.tensor(rows, dtype),
                          .dweight = bench.tensor({kChannels}, DType::f32),
                          .dy = bench.tensor(rows, dtype),
                          .dresidual_out = bench.tensor(rows, dtype),
                          .residual = bench.tensor(rows, dtype),
                          .rstd = bench.tensor({N}, DType::f32),
                          .weight = bench.tensor({kChannels}, dtype)};
  bench.run(args);
  return {bytes_of({args.dx, args.dy, args.dresidual_out, args.residual, args.rstd, args.weight}) +
          2 * bytes_of({args.dweight})};
}

Work cross_entropy(CounterBench& bench, DType dtype, int64_t N, int64_t V) {
  const Tensor logits = bench.tensor({N, V}, dtype, 4), losses = bench.tensor({N}, DType::f32);
  const Tensor targets = bench.integers({N}, [V](int64_t n) { return n * 7919 % V; });
  bench.run(CrossEntropy{losses, logits, logits, targets, 0.1f});
  return {2 * bytes_of({logits}) + bytes_of({losses, targets})};
}

template <class Rule>
Work optimizer_update(CounterBench& bench, DType dtype) {
  OptimizerUpdate<Rule> args;
  args.weights = bench.tensor({kFlat}, dtype);
  args.gradient = bench.tensor({kFlat}, DType::f32);
  args.decays = bench.integers(
      {kFlat / kParameterBlock}, [](int64_t i) { return i % 2; }, DType::u8);
  args.norm_and_factor = bench.tensor({2}, DType::f32);
  args.numbers = bench.tensor({Rule::kNumbers}, DType::f32);
  args.weight_decay = 0.1f;
  if (dtype == DType::bf16) args.master = bench.tensor({kFlat}, DType::f32);
  for (Tensor& state : args.states) state = bench.tensor({kFlat}, DType::f32);
  bench.run(args);
  return {
      bytes_of({args.gradient, args.decays}) + 2 * Rule::kStates * bytes_of({args.gradient}) +
      (dtype == DType::bf16 ? bytes_of({args.weights}) + 2 * bytes_of({args.master}) : 2 * bytes_of({args.weights}))};
}

Work sum(CounterBench& bench) {
  const Tensor result = bench.tensor({1}, DType::f32), x = bench.tensor({kFlat}, DType::f32);
  bench.run(Sum{result, x, 1, false});
  return {bytes_of({result, x})};
}

Work sum_squares(CounterBench& bench) {
  const Tensor x = bench.tensor({kFlat}, DType::f32);
  const Tensor partials = bench.tensor({ceil_div(kFlat, kSumSquaresBlock)}, DType::f32);
  bench.run(SumSquares{partials, x});
  return {bytes_of({partials, x})};
}

Work clip_factor(CounterBench& bench) {
  const Tensor partials = bench.tensor({121'500}, DType::f32), result = bench.tensor({2}, DType::f32);
  bench.run(ClipFactor{result, partials, 1});
  return {bytes_of({partials, result})};
}

Work tree_sum(CounterBench& bench, DType dtype) {
  constexpr int64_t kRows = 8;
  const Tensor rows = bench.tensor({kRows, kFlat / kRows}, dtype), y = bench.tensor({kFlat / kRows}, DType::f32);
  bench.run(TreeSum{y, rows});
  return {bytes_of({rows, y})};
}

Work add(CounterBench& bench, DType through) {
  const Tensor y = bench.tensor({kFlat}, DType::f32), x = bench.tensor({kFlat}, DType::f32);
  bench.run(Add{y, x, through});
  return {2 * bytes_of({y}) + bytes_of({x})};
}

Work cast(CounterBench& bench, DType to, DType from) {
  const Tensor y = bench.tensor({kFlat}, to), x = bench.tensor({kFlat}, from);
  bench.run(Cast{y, x});
  return {bytes_of({y, x})};
}

Work statistics(CounterBench& bench, DType dtype) {
  const Tensor result = bench.tensor({5}, DType::f32), x = bench.tensor({kFlat}, dtype);
  bench.run(Statistics{result, x});
  return {bytes_of({result, x})};
}

Work dropout_apply(CounterBench& bench, DType dtype) {
  const Shape rows{2 * kTokens, kChannels};
  const Tensor y = bench.tensor(rows, dtype), x = bench.tensor(rows, dtype);
  bench.run(DropoutApply{y, x, dropout(bench, 0.1f)});
  return {bytes_of({y, x})};
}

// Few tokens are frequent and many are rare, as in text.
Tensor text(CounterBench& bench, int64_t B) {
  return bench.integers({B, kTokens}, [](int64_t i) {
    const double uniform = static_cast<double>(i * 7919 % 10007 + 1) / 10008;
    return static_cast<int64_t>(std::pow(static_cast<double>(kVocabulary), uniform)) - 1;
  });
}

Work embedding_forward(CounterBench& bench, DType dtype) {
  constexpr int64_t B = 4;
  const Tensor y = bench.tensor({B, kTokens, kChannels}, dtype), tokens = text(bench, B);
  const Tensor table = bench.tensor({kVocabulary, kChannels}, dtype);
  const Tensor positions = bench.tensor({kTokens, kChannels}, dtype);
  bench.run(EmbeddingForward{y, tokens, table, positions, 0});
  return {2 * bytes_of({y}) + bytes_of({tokens, positions})};  // a row of the table for every row of y
}

Work embedding_backward(CounterBench& bench, DType dtype) {
  constexpr int64_t B = 4, V = 8192;
  const Tensor dy = bench.tensor({B, kTokens, kChannels}, dtype);
  const Tensor table = bench.tensor({V, kChannels}, DType::f32),
               positions = bench.tensor({kTokens, kChannels}, DType::f32);
  std::set<int64_t> distinct;
  const Tensor tokens = bench.integers({B, kTokens}, [&distinct](int64_t i) {
    const double uniform = static_cast<double>(i * 7919 % 10007 + 1) / 10008;
    const int64_t token = static_cast<int64_t>(std::pow(static_cast<double>(V), uniform)) - 1;
    distinct.insert(token);
    return token;
  });
  bench.run(EmbeddingBackward{table, positions, dy, tokens});
  const double rows = static_cast<double>(distinct.size()) * static_cast<double>(kChannels) * sizeof(float);
  return {2 * bytes_of({dy}) + 2 * bytes_of({positions}) + 2 * rows + bytes_of({tokens}), false};
}

// An activation that cuBLASLt has no epilogue for.
Work matmul_epilogue(CounterBench& bench, DType dtype, bool backward) {
  constexpr int64_t M = 1024, N = 4 * kChannels, K = 16;
  Matmul args{.c = bench.tensor({M, N}, dtype), .a = bench.tensor({M, K}, dtype), .b = bench.tensor({K, N}, dtype)};
  args.pre_activation = bench.tensor({M, N}, dtype);
  (backward ? args.derivative_of : args.activation) = Activation::silu;
  if (!backward) args.bias = bench.tensor({N}, dtype);
  bench.run(args);
  return {bytes_of({args.c, args.pre_activation, args.bias}) + static_cast<double>(M * N * 4)};
}

Work column_sums(CounterBench& bench, DType dtype) {
  constexpr int64_t M = 16, N = 4 * kChannels, K = 1024;
  Matmul args{.c = bench.tensor({M, N}, dtype), .a = bench.tensor({M, K}, dtype), .b = bench.tensor({K, N}, dtype)};
  args.activation = Activation::silu;
  args.column_sums = bench.tensor({N}, DType::f32);
  bench.run(args);
  return {bytes_of({args.b, args.c}) + 2 * bytes_of({args.column_sums}) + static_cast<double>(M * N * 4)};
}

Work attention(CounterBench& bench, DType dtype, bool backward, int64_t num_heads = kHeads, int64_t T = 256) {
  const int64_t D = kChannels / num_heads;
  const AttentionShape shape{1, T, T, num_heads, num_heads, D, dtype, true, 0.125f};
  const Tensor qkv = bench.tensor({1, T, 3 * kChannels}, dtype), y = bench.tensor({1, T, kChannels}, dtype);
  const Tensor logsumexp = bench.tensor({1, num_heads, T}, DType::f32);
  const auto heads = [T](const Tensor& tensor, int64_t from) {
    const int64_t row = tensor.shape[-1];
    return Heads{tensor.range(from, 1).data, row, T * row};
  };
  AttentionForward forward{shape,         heads(y, 0),           logsumexp,
                           heads(qkv, 0), heads(qkv, kChannels), heads(qkv, 2 * kChannels)};
  if (!backward) {
    bench.run(forward);
    return {bytes_of({qkv, y, logsumexp}), false};
  }
  const Tensor dqkv = bench.tensor({1, T, 3 * kChannels}, dtype), dy = bench.tensor({1, T, kChannels}, dtype);
  bench.run(AttentionBackward{shape, heads(dqkv, 0), heads(dqkv, kChannels), heads(dqkv, 2 * kChannels), heads(dy, 0),
                              forward.y, forward.q, forward.k, forward.v, logsumexp});
  return {bytes_of({qkv, y, logsumexp, dqkv, dy}), false};
}

// The case for both dtypes: "name bf16", "name f32".
template <class Function>
void add_cases(std::vector<Case>& all, const std::string& name, const Function& function) {
  for (const DType dtype : {DType::bf16, DType::f32})
    all.push_back({name + " " + std::string(name_of(dtype)),
                   [function, dtype](CounterBench& bench) { return function(bench, dtype); }});
}

std::vector<Case> all_cases() {
  using Bench = CounterBench;
  std::vector<Case> all;
  add_cases(all, "layer norm", [](Bench& b, DType t) { return layer_norm_forward(b, t, 4096, false, 0); });
  add_cases(all, "residual + layer norm", [](Bench& b, DType t) { return layer_norm_forward(b, t, 4096, true, 0); });
  add_cases(all, "dropout + layer norm", [](Bench& b, DType t) { return layer_norm_forward(b, t, 2048, true, 0.1f); });
  add_cases(all, "layer norm backward", [](Bench& b, DType t) { return layer_norm_backward(b, t, 8192, 0); });
  add_cases(all, "dropout + layer norm backward",
            [](Bench& b, DType t) { return layer_norm_backward(b, t, 4096, 0.1f); });
  add_cases(all, "rms norm", [](Bench& b, DType t) { return rms_norm_forward(b, t, 4096, false); });
  add_cases(all, "residual + rms norm", [](Bench& b, DType t) { return rms_norm_forward(b, t, 4096, true); });
  add_cases(all, "rms norm backward", [](Bench& b, DType t) { return rms_norm_backward(b, t, 8192); });
  add_cases(all, "cross entropy 50257", [](Bench& b, DType t) { return cross_entropy(b, t, 48, kVocabulary); });
  add_cases(all, "cross entropy 84", [](Bench& b, DType t) { return cross_entropy(b, t, 8192, 84); });
  add_cases(all, "adamw", optimizer_update<rules::AdamW>);
  add_cases(all, "lion", optimizer_update<rules::Lion>);
  add_cases(all, "sgd", optimizer_update<rules::Sgd>);
  all.push_back({"sum f32", sum});
  all.push_back({"sum of squares f32", sum_squares});
  all.push_back({"clip factor f32", clip_factor});
  add_cases(all, "tree sum", tree_sum);
  add_cases(all, "add through", add);
  all.push_back({"cast f32 to bf16", [](Bench& b) { return cast(b, DType::bf16, DType::f32); }});
  all.push_back({"cast bf16 to f32", [](Bench& b) { return cast(b, DType::f32, DType::bf16); }});
  add_cases(all, "statistics", statistics);
  add_cases(all, "dropout", dropout_apply);
  add_cases(all, "embedding", embedding_forward);
  add_cases(all, "embedding backward", embedding_backward);
  add_cases(all, "epilogue of a product", [](Bench& b, DType t) { return matmul_epilogue(b, t, false); });
  add_cases(all, "epilogue backward", [](Bench& b, DType t) { return matmul_epilogue(b, t, true); });
  add_cases(all, "column sums", column_sums);
  add_cases(all, "attention", [](Bench& b, DType t) { return attention(b, t, false); });
  add_cases(all, "attention backward", [](Bench& b, DType t) { return attention(b, t, true); });
  for (const int64_t D : {64, 128}) {
    const auto name = [&](const char* what) { return fmt::format("{} of 1024 tokens, heads of {}, bf16", what, D); };
    const auto add = [&](const std::string& label, bool backward) {
      all.push_back({label, [=](Bench& b) { return attention(b, DType::bf16, backward, kChannels / D, 1024); }});
    };
    add(name("attention"), false);
    add(name("attention backward"), true);
  }
  return all;
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> all = all_cases();
  return all;
}

}  // namespace convoy::counters
