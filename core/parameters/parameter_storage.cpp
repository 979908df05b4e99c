#include "core/parameters/parameter_storage.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/ops/adamw.h"

namespace convoy {

namespace {
constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return round_up(bytes, kAlignment); }
}  // namespace

size_t ParameterStorage::planned_bytes(const ParameterLayout& layout, DType dtype, Use use) {
  const auto n = static_cast<size_t>(layout.padded_elements());
  size_t bytes = aligned(n * size_of(dtype));
  if (use == Use::inference) return bytes;
  const size_t f32_buffers = dtype == DType::f32 ? 3 : 4;  // gradients, m, v, master
  return bytes + f32_buffers * aligned(n * 4) + aligned(n / kParameterBlock);
}

ParameterStorage::ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype, Use use)
    : layout_(layout), memory_(device.allocate(planned_bytes(layout, dtype, use))) {
  const int64_t n = layout.padded_elements();
  weights_ = take(dtype, n);
  if (use == Use::training) {
    gradients_ = take(DType::f32, n);
    if (dtype != DType::f32) master_ = take(DType::f32, n);
    m_ = take(DType::f32, n);
    v_ = take(DType::f32, n);
    decays_ = take(DType::u8, n / kParameterBlock);
  }
  stream.zero(memory_.data(), memory_.bytes());
  if (use == Use::training) {
    decays_on_host_ = device.allocate(decays_.bytes(), MemoryKind::host);
    fill_decays(stream);
  }
}

Tensor ParameterStorage::take(DType dtype, int64_t elements) {
  Tensor tensor{static_cast<std::byte*>(memory_.data()) + used_, dtype, {elements}};
  used_ += aligned(tensor.bytes());
  return tensor;
}

void ParameterStorage::fill_decays(Stream& stream) {
  auto* flags = static_cast<uint8_t*>(decays_on_host_.data());
  std::fill_n(flags, decays_.elements(), uint8_t{0});
  for (const Parameter& p : layout_.parameters())
    if (p.spec.decays)
      std::fill(flags + p.offset / kParameterBlock, flags + ceil_div(p.end(), kParameterBlock), uint8_t{1});
  stream.copy(decays_.data, flags, decays_.bytes());
}

Tensor ParameterStorage::view(const Tensor& flat, int parameter) const {
  const Parameter& p = layout_.parameters()[static_cast<size_t>(parameter)];
  return flat.range(p.offset, p.elements()).reshaped(p.spec.shape);
}

}  // namespace convoy
