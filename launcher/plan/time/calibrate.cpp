#include "launcher/plan/time/calibrate.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "core/ops/attention.h"
#include "core/ops/matmul.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"
#include "launcher/plan/time/operator_bench.h"

namespace convoy {
namespace {

constexpr size_t kProducts = 4;  // kinds of them that are measured: those with the most operations
constexpr double kUnlimited = 1e30;

std::vector<ProductWork> weightiest_products(const OperatorTally& tally, DType dtype) {
  std::map<std::tuple<int64_t, int64_t, int64_t>, double> flops;
  for (const OperatorWork& work : tally.works())
    if (work.product && work.product->dtype == dtype)
      flops[{work.product->m, work.product->n, work.product->k}] += work.product->flops();
  std::vector<std::pair<double, ProductWork>> all;
  for (const auto& [shape, sum] : flops)
    all.push_back({sum, {std::get<0>(shape), std::get<1>(shape), std::get<2>(shape), dtype}});
  std::ranges::sort(all, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<ProductWork> most;
  for (size_t i = 0; i < std::min(all.size(), kProducts); ++i) most.push_back(all[i].second);
  return most;
}

// As if the products were run one after the other as often as the model does.
double product_flops(OperatorBench& bench, const OperatorTally& tally, DType dtype) {
  double flops = 0, seconds = 0;
  for (const ProductWork& product : weightiest_products(tally, dtype)) {
    double share = 0;
    for (const OperatorWork& work : tally.works())
      if (work.product == product) ++share;
    flops += share * product.flops();
    seconds += share * bench.time(product);
  }
  return seconds > 0 ? flops / seconds : kUnlimited;
}

// Of one sample, causal, and of as many heads as share those scores.
double scores_per_s(OperatorBench& bench, const AttentionWork& work) {
  const int64_t T = work.Tk, D = work.D;
  const AttentionShape shape{.B = 1, .Tq = T, .Tk = T, .H = 1, .Hkv = 1, .D = D, .dtype = work.dtype, .scale = 1};
  const auto heads = [&] { return Heads{bench.zeros(work.dtype, {T, D}).data, D, T * D}; };
  const Tensor logsumexp = bench.zeros(DType::f32, {1, 1, T});
  const Heads q = heads(), k = heads(), v = heads(), y = heads();
  double seconds = 0;
  if (work.backward) {
    const Heads dq = heads(), dk = heads(), dv = heads(), dy = heads();
    seconds = bench.time(AttentionBackward{.shape = shape,
                                           .dq = dq,
                                           .dk = dk,
                                           .dv = dv,
                                           .dy = dy,
                                           .y = y,
                                           .q = q,
                                           .k = k,
                                           .v = v,
                                           .logsumexp = logsumexp});
  } else {
    seconds = bench.time(AttentionForward{.shape = shape, .y = y, .logsumexp = logsumexp, .q = q, .k = k, .v = v});
  }
  bench.free();
  return static_cast<double>(T) * static_cast<double>(T + 1) / 2 / seconds;
}

double attention_rate(OperatorBench& bench, const OperatorTally& tally, bool backward) {
  const AttentionWork* most = nullptr;
  for (const OperatorWork& work : tally.works())
    if (work.attention && work.attention->backward == backward &&
        (most == nullptr || most->scores < work.attention->scores))
      most = &*work.attention;
  return most == nullptr ? kUnlimited : scores_per_s(bench, *most);
}

// On streams as long as the model's are on the average, byte by byte: short ones stay in a cache.
double stream_bytes(OperatorBench& bench, const OperatorTally& tally) {
  double sum = 0, squares = 0;
  for (const OperatorWork& work : tally.works())
    if (!work.product && !work.attention) sum += work.bytes, squares += work.bytes * work.bytes;
  constexpr double kLeast = 1 << 16, kMost = 1 << 30;
  return bench.stream_rate(std::clamp(sum > 0 ? squares / sum : kLeast, kLeast, kMost));
}

}  // namespace

CardRates measured_rates(Device& device, const OperatorTally& tally) {
  OperatorBench bench(device);
  CardRates rates{.name = device.info().name, .measured = true};
  rates.peak_bf16_flops = device.peak_flops(DType::bf16);
  rates.peak_f32_flops = device.peak_flops(DType::f32);
  rates.bf16_flops = product_flops(bench, tally, DType::bf16);
  rates.f32_flops = product_flops(bench, tally, DType::f32);
  rates.scores_forward = attention_rate(bench, tally, false);
  rates.scores_backward = attention_rate(bench, tally, true);
  rates.bytes_per_s = stream_bytes(bench, tally);
  constexpr int64_t kSmall = 64;
  rates.kernel_s = bench.time(Add{bench.zeros(DType::f32, {kSmall}), bench.zeros(DType::f32, {kSmall})});
  return rates;
}

}  // namespace convoy
