// Softmax cross entropy of whole rows. A row is read from memory once for the sum; the gradient finds what still lies
// in the cache. Per block of a row the largest logit comes first, so that each element costs one exponential.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct SoftmaxSum {
  float max = -std::numeric_limits<float>::infinity();
  float sum = 0;  // of exp(x - max)
};

template <class Real>
inline SoftmaxSum softmax_sum(const Real* x, int64_t V) {
  constexpr int64_t kBlock = 1024;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  SoftmaxSum total;
  for (int64_t begin = 0; begin < V; begin += kBlock) {
    const int64_t n = std::min(kBlock, V - begin);
    const Real* block = x + begin;
    F32x16 largest = broadcast(total.max);
    for_vectors(
        n, [&](int64_t i, auto lanes) { largest = max(largest, existing(load(block + i, lanes), lanes, kLowest)); });
    const float new_max = max_lanes(largest);
    // The first block has nothing to rescale, and minus infinity from itself is no number.
    F32x16 old_sum = broadcast(0.0f);
    if (begin > 0) old_sum = broadcast(total.sum) * exp(broadcast(total.max) - broadcast(new_max));
    F32x16 sum = broadcast(0.0f);
    for_vectors(n, [&](int64_t i, auto lanes) {
      sum = sum + existing(exp(load(block + i, lanes) - broadcast(new_max)), lanes, 0.0f);
    });
    total = {new_max, lane0(old_sum) + sum_lanes(sum)};
  }
  return total;
}

template <class Real>
inline void softmax_gradient(Real* dx, const Real* x, int64_t V, SoftmaxSum s, float scale) {
  const F32x16 largest = broadcast(s.max), factor = broadcast(scale / s.sum);
  for_vectors(V, [=](int64_t i, auto lanes) { store(dx + i, exp(load(x + i, lanes) - largest) * factor, lanes); });
}

template <class Real>
inline void cross_entropy_row(const CrossEntropy& args, int64_t row) {
  const int64_t V = args.V(), columns = args.logits.shape[-1];
  const Real* x = args.logits.as<Real>() + row * columns;
  Real* dx = args.dlogits ? args.dlogits.as<Real>() + row * columns : nullptr;
  const int32_t target = args.targets.as<int32_t>()[row];
  if (dx != nullptr) std::memset(static_cast<void*>(dx + V), 0, static_cast<size_t>(columns - V) * sizeof(Real));
  if (args.weights) args.weights.as<float>()[row] = target < 0 ? 0.0f : 1.0f;
  if (target < 0) {
    args.losses.as<float>()[row] = 0;
    if (dx != nullptr) std::memset(static_cast<void*>(dx), 0, static_cast<size_t>(V) * sizeof(Real));
    return;
  }
  const SoftmaxSum s = softmax_sum(x, V);
  const float logit = static_cast<float>(x[target]);
  args.losses.as<float>()[row] = lane0(log(broadcast(s.sum))) + (s.max - logit);
  if (dx == nullptr) return;
  // p - 1 from the unrounded probability: read before the row, perhaps the same memory, is overwritten.
  const float p = lane0(exp(broadcast(logit) - broadcast(s.max))) / s.sum;
  softmax_gradient(dx, x, V, s, args.scale);
  dx[target] = Real(args.scale * (p - 1.0f));
}

void cross_entropy(const CrossEntropy& args, int64_t begin, int64_t end) {
  with_real(args.logits.dtype, [&](auto* real) {
    for (int64_t row = begin; row < end; ++row) cross_entropy_row<std::remove_pointer_t<decltype(real)>>(args, row);
  });
}

// Weights of classes, and their sum.
struct ClassWeights {
  const float* each;  // null: all 1
  float sum;

  ClassWeights(const Tensor& weights, int64_t V) : each(weights.as<float>()), sum(static_cast<float>(V)) {
    if (each == nullptr) return;
    F32x16 sums = broadcast(0.0f);
    for_vectors(V, [&](int64_t k, auto lanes) { sums = sums + load(each + k, lanes); });
    sum = sum_lanes(sums);
  }
  float of(int64_t k) const { return each == nullptr ? 1.0f : each[k]; }
  template <class Lanes>
  F32x16 at(int64_t k, Lanes lanes) const {
    return each == nullptr ? existing(broadcast(1.0f), lanes, 0.0f) : load(each + k, lanes);
  }
};

template <class Real>
inline void weighted_cross_entropy_row(const WeightedCrossEntropy& args, const ClassWeights& weights, int64_t row) {
  const int64_t V = args.logits.shape[-1];
  const Real* x = args.logits.as<Real>() + row * V;
  Real* dx = args.dlogits ? args.dlogits.as<Real>() + row * V : nullptr;
  float &loss = args.losses.as<float>()[row], &weight = args.weights.as<float>()[row];
  const int32_t target = args.targets.as<int32_t>()[row];
  if (target < 0 || target == args.ignored) {
    loss = weight = 0;
    if (dx != nullptr) std::memset(static_cast<void*>(dx), 0, static_cast<size_t>(V) * sizeof(Real));
    return;
  }
  weight = weights.of(target);
  const SoftmaxSum s = softmax_sum(x, V);
  const float spread = args.label_smoothing / static_cast<float>(V), rest = (1.0f - args.label_smoothing) * weight;
  const F32x16 largest = broadcast(s.max);
  F32x16 distances = broadcast(0.0f);  // of logits from the largest
  if (spread > 0)
    for_vectors(V, [&](int64_t k, auto lanes) {
      distances = fma(weights.at(k, lanes), largest - load(x + k, lanes), distances);
    });
  const float log_sum = lane0(log(broadcast(s.sum))), logit = static_cast<float>(x[target]);
  loss = rest * (log_sum + (s.max - logit)) + spread * (sum_lanes(distances) + weights.sum * log_sum);
  if (dx == nullptr) return;
  const float all = rest + spread * weights.sum;  // of the probabilities' weight
  const float p = lane0(exp(broadcast(logit) - largest)) / s.sum;
  const F32x16 factor = broadcast(args.scale * all / s.sum), minus = broadcast(-args.scale * spread);
  for_vectors(V, [=](int64_t k, auto lanes) {
    store(dx + k, fma(exp(load(x + k, lanes) - largest), factor, minus * weights.at(k, lanes)), lanes);
  });
  dx[target] = Real(args.scale * (p * all - spread * weight - rest));
}

void weighted_cross_entropy(const WeightedCrossEntropy& args, int64_t begin, int64_t end) {
  const ClassWeights weights(args.class_weights, args.logits.shape[-1]);
  with_real(args.logits.dtype, [&](auto* real) {
    for (int64_t row = begin; row < end; ++row)
      weighted_cross_entropy_row<std::remove_pointer_t<decltype(real)>>(args, weights, row);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
