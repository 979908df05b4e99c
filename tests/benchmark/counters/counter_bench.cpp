#include "tests/benchmark/counters/counter_bench.h"

#include <cstring>

#include "kernels/cuda/cuda_device.h"

namespace convoy::counters {
namespace {

// The bytes of count elements, each as value(i) says.
template <class Element, class Value>
std::vector<std::byte> elements(int64_t count, const Value& value) {
  std::vector<std::byte> bytes(static_cast<size_t>(count) * sizeof(Element));
  for (int64_t i = 0; i < count; ++i) {
    const auto element = static_cast<Element>(value(i));
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof element, &element, sizeof element);
  }
  return bytes;
}

}  // namespace

CounterBench::CounterBench()
    : device_(cuda::make_cuda_device({})), stream_(device_->make_stream(StreamKind::compute)) {}

Tensor CounterBench::upload(const Shape& shape, DType dtype, const std::vector<std::byte>& bytes) {
  if (bytes.empty()) return {nullptr, dtype, shape};
  memory_.push_back(device_->allocate(bytes.size()));
  stream_->copy(memory_.back().data(), bytes.data(), bytes.size());
  stream_->synchronize();
  return {memory_.back().data(), dtype, shape};
}

Tensor CounterBench::tensor(const Shape& shape, DType dtype, float size) {
  const auto varied = [size](int64_t i) { return size * static_cast<float>(i * 7919 % 997) / 997.0f; };
  if (dtype == DType::bf16) return upload(shape, dtype, elements<bf16>(shape.elements(), varied));
  if (dtype == DType::u8) return upload(shape, dtype, elements<uint8_t>(shape.elements(), varied));
  return upload(shape, dtype, elements<float>(shape.elements(), varied));
}

Tensor CounterBench::integers(const Shape& shape, const std::function<int64_t(int64_t)>& value, DType dtype) {
  if (dtype == DType::u8) return upload(shape, dtype, elements<uint8_t>(shape.elements(), value));
  if (dtype == DType::i64) return upload(shape, dtype, elements<int64_t>(shape.elements(), value));
  return upload(shape, dtype, elements<int32_t>(shape.elements(), value));
}

double bytes_of(std::initializer_list<Tensor> tensors) {
  double sum = 0;
  for (const Tensor& tensor : tensors) sum += static_cast<double>(tensor.bytes());
  return sum;
}

}  // namespace convoy::counters
