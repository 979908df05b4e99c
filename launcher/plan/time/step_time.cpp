#include "launcher/plan/time/step_time.h"

#include <algorithm>

#include "core/ops/ops.h"

namespace convoy {
namespace {

// Norm and update: the gradient read by both; states, and f32 weights or their masters, read and written; rounded
// weights written. An element of a group that accumulates no more than this is cleared once a step.
double update_bytes(const GroupPlan& group) {
  double element = 4 + 4;
  for (const std::string& state : group.states.names)
    element += 2.0 * static_cast<double>(size_of(group.states.dtype_of(state)));
  element += 4 + 4;
  if (group.dtype != DType::f32) element += static_cast<double>(size_of(group.dtype));
  double owned = 0;
  for (const OwnedRange& range : group.sharding->owned()) owned += static_cast<double>(range.elements());
  return element * owned + 4.0 * static_cast<double>(group.layout.padded_elements());
}

// Newton and Schulz's iteration, five times: X X^T, its square, and their product with X (arXiv:2502.16982).
double orthogonalisation_s(const CardRates& rates, const GroupPlan& group) {
  constexpr int kIterations = 5;
  double seconds = 0;
  for (const Parameter& parameter : group.layout.parameters()) {
    const int64_t rows = parameter.spec.shape[0], columns = parameter.elements() / rows;
    const int64_t less = std::min(rows, columns), more = std::max(rows, columns);
    const auto time = [&](int64_t m, int64_t n, int64_t k) {
      return product_time(rates, {m, n, k, group.dtype}, 4.0 * static_cast<double>(m * k + k * n + m * n));
    };
    seconds += kIterations * (time(less, less, more) + time(less, less, less) + time(less, more, less));
  }
  return seconds / group.sharding->ranks();
}

void add(StepTime& time, const OperatorWork& work) {
  ++time.kernels;
  if (work.product) {
    time.products_s += product_time(time.rates, *work.product, work.bytes, work.written);
    time.products_flops += work.product->flops();
  } else if (work.attention) {
    time.attention_s += attention_time(time.rates, *work.attention, work.bytes);
    time.attention_flops += work.attention->flops();
  } else {
    time.streaming_s += stream_time(time.rates, work.bytes);
    time.streamed_bytes += work.bytes;
  }
}

}  // namespace

void OperatorTally::count(std::type_index type, const void* args) {
  if (const auto works = operator_work(type, args))
    works_.insert(works_.end(), works->begin(), works->end());
  else
    ++unknown_[operator_name(type)];
}

StepTime step_time(const CardRates& rates, const OperatorTally& tally, const ModelPlan& model, int64_t micro_batches) {
  StepTime time{.rates = rates, .unknown = tally.unknown()};
  for (const OperatorWork& work : tally.works()) add(time, work);
  const auto times = static_cast<double>(micro_batches);
  for (double* part : {&time.products_s, &time.attention_s, &time.streaming_s, &time.products_flops,
                       &time.attention_flops, &time.streamed_bytes})
    *part *= times;
  time.kernels *= micro_batches;
  for (const GroupPlan& group : model.groups()) {
    time.optimizer_s += stream_time(rates, update_bytes(group));
    if (group.learns() && group.terms.matrices) time.optimizer_s += orthogonalisation_s(rates, group);
  }
  return time;
}

}  // namespace convoy
