#include "core/data/host_fields.h"

#include <vector>

#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr size_t kFieldAlignment = 256;

size_t padded_bytes(const Tensor& field) { return round_up(field.bytes(), kFieldAlignment); }

}  // namespace

Shape batched(int64_t count, const Shape& sample) {
  std::vector<int64_t> extents{count};
  extents.insert(extents.end(), sample.begin(), sample.end());
  return Shape(std::span<const int64_t>(extents));
}

size_t host_bytes(std::span<const Tensor> fields) {
  size_t bytes = 0;
  for (const Tensor& field : fields) bytes += padded_bytes(field);
  return bytes;
}

void place_in_host_memory(std::span<Tensor> fields, void* memory) {
  auto* next = static_cast<std::byte*>(memory);
  for (Tensor& field : fields) {
    field.data = next;
    next += padded_bytes(field);
  }
}

void copy_fields(Stream& stream, std::span<const Tensor> inputs, std::span<const Tensor> fields) {
  for (size_t i = 0; i < inputs.size(); ++i) stream.copy(inputs[i].data, fields[i].data, inputs[i].bytes());
}

}  // namespace convoy
