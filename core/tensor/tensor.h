// A view of dense row-major memory on a device. Owns nothing: memory belongs to a Memory or an arena.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/dtype.h"
#include "core/tensor/shape.h"

namespace convoy {

struct Tensor {
  void* data = nullptr;  // null: absent, or a tensor that is only planned
  DType dtype = DType::f32;
  Shape shape;

  // Is there a tensor at all? Planned tensors have a shape but no memory yet.
  explicit operator bool() const { return data != nullptr || shape.dims() > 0; }
  int64_t elements() const { return shape.elements(); }
  size_t bytes() const { return static_cast<size_t>(elements()) * size_of(dtype); }

  template <class Element>
  Element* as() const {
    return static_cast<Element*>(data);
  }

  // The same memory under another shape with as many elements.
  Tensor reshaped(const Shape& other) const { return {data, dtype, other}; }

  // Elements [begin, begin + count) of the flat memory, as a 1-D tensor.
  Tensor range(int64_t begin, int64_t count) const {
    return {data == nullptr ? nullptr : static_cast<std::byte*>(data) + static_cast<size_t>(begin) * size_of(dtype),
            dtype,
            {count}};
  }

  // Rows [begin, begin + count) of the tensor seen as a matrix (rows, last extent).
  Tensor rows(int64_t begin, int64_t count) const {
    const int64_t C = shape[-1];
    return range(begin * C, count * C).reshaped({count, C});
  }

  // The tensor seen as a matrix (N, last extent).
  Tensor matrix() const { return reshaped({elements() / shape[-1], shape[-1]}); }
};

}  // namespace convoy
