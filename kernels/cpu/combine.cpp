// Operators that put tensors together: Combine, Gate, CopyColumns; and bytes as numbers.
#include "core/ops/combine.h"

#include <array>
#include <cstring>

#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"

namespace convoy::cpu {
namespace {

template <class Real>
void scale_bytes_to(const ScaleBytes& args) {
  std::array<Real, 256> numbers;
  for (size_t byte = 0; byte < numbers.size(); ++byte)
    numbers[byte] = Real(args.scale * static_cast<float>(byte) + args.shift);
  for_ranges(args.x.elements(), [&](int64_t begin, int64_t end) {
    const auto* x = args.x.as<uint8_t>();
    auto* y = args.y.as<Real>();
    for (int64_t i = begin; i < end; ++i) y[i] = numbers[x[i]];
  });
}

}  // namespace

void combine(Stream& stream, const Combine& args) {
  enqueue(stream, [args] {
    for_ranges(args.y.elements(), [&](int64_t begin, int64_t end) { elementwise_kernels().combine(args, begin, end); });
  });
}

void gate(Stream& stream, const Gate& args) {
  enqueue(stream, [args] {
    for_rows(args.x.shape[0] * args.x.shape[1], args.x.shape[2],
             [&](int64_t begin, int64_t end) { elementwise_kernels().gate(args, begin, end); });
  });
}

void gate_gradient(Stream& stream, const GateGradient& args) {
  enqueue(stream, [args] {
    parallel_for(args.x.shape[0], [&](int64_t sample) { elementwise_kernels().gate_gradient(args, sample); });
  });
}

void copy_columns(Stream& stream, const CopyColumns& args) {
  enqueue(stream, [args] {
    const size_t size = size_of(args.to.dtype);
    const auto bytes_of = [&](int64_t elements) { return static_cast<size_t>(elements) * size; };
    for_rows(args.to.shape[0], args.columns, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        std::memcpy(args.to.as<std::byte>() + bytes_of(row * args.to.shape[1] + args.to_column),
                    args.from.as<std::byte>() + bytes_of(row * args.from.shape[1] + args.from_column),
                    bytes_of(args.columns));
    });
  });
}

void scale_bytes(Stream& stream, const ScaleBytes& args) {
  enqueue(stream, [args] { args.y.dtype == DType::bf16 ? scale_bytes_to<bf16>(args) : scale_bytes_to<float>(args); });
}

}  // namespace convoy::cpu
