// The fields of a micro-batch side by side in host memory that a device copies from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/device/stream.h"
#include "core/tensor/tensor.h"

namespace convoy {

// The shape of so many samples of this shape.
Shape batched(int64_t count, const Shape& sample);
// What the fields take, each at an address that suits any device's copies.
size_t host_bytes(std::span<const Tensor> fields);
// Gives each field its place in memory of host_bytes(fields) bytes.
void place_in_host_memory(std::span<Tensor> fields, void* memory);
// Each field to the input of the same place in order.
void copy_fields(Stream& stream, std::span<const Tensor> inputs, std::span<const Tensor> fields);

}  // namespace convoy
