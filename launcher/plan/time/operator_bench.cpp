#include "launcher/plan/time/operator_bench.h"

#include "core/ops/matmul.h"
#include "core/ops/reductions.h"

namespace convoy {

Tensor OperatorBench::zeros(DType dtype, const Shape& shape) {
  Tensor tensor{nullptr, dtype, shape};
  memory_.push_back(device_.allocate(std::max<size_t>(tensor.bytes(), 1)));
  tensor.data = memory_.back().data();
  stream_->zero(tensor.data, tensor.bytes());
  return tensor;
}

double OperatorBench::time(const ProductWork& p) {
  const Tensor a = zeros(p.dtype, {p.m, p.k}), b = zeros(p.dtype, {p.k, p.n});
  const double seconds = time(Matmul{.c = zeros(p.dtype, {p.m, p.n}), .a = a, .b = b});
  free();
  return seconds;
}

double OperatorBench::stream_rate(double bytes) {
  constexpr double kTensors = 3;  // two are read, one of them is written
  const auto elements = static_cast<int64_t>(bytes / kTensors / 4);
  const Tensor y = zeros(DType::f32, {elements}), x = zeros(DType::f32, {elements});
  const double seconds = time(Add{y, x});
  free();
  return kTensors * 4 * static_cast<double>(elements) / seconds;
}

static double most_flops(OperatorBench& bench, DType dtype) {
  constexpr double kLongest = 0.2;
  double most = 0;
  for (int64_t side = 512; side <= 8192; side *= 2) {
    const ProductWork product{side, side, side, dtype};
    const double seconds = bench.time(product), flops = product.flops() / seconds;
    const bool grows = flops > 1.02 * most;
    most = std::max(most, flops);
    if (!grows || seconds * 8 > kLongest) break;
  }
  return most;
}

Ceilings measured_ceilings(Device& device) {
  constexpr double kBytes = 3 << 28;  // beyond every cache
  constexpr double kFewBytes = 3 << 22;
  OperatorBench bench(device);
  Ceilings ceilings{.bf16_flops = most_flops(bench, DType::bf16), .f32_flops = most_flops(bench, DType::f32)};
  // A device that takes long for few is an interpreter.
  ceilings.bytes_per_s = bench.stream_rate(kFewBytes);
  if (kBytes / ceilings.bytes_per_s < 1) ceilings.bytes_per_s = bench.stream_rate(kBytes);
  return ceilings;
}

}  // namespace convoy
