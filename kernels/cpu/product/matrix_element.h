// Where an element of an operand lies.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy::cpu {

inline void* vector_element(const Tensor& vector, int64_t index) {
  return static_cast<std::byte*>(vector.data) + static_cast<size_t>(index) * size_of(vector.dtype);
}

inline void* matrix_element(const Tensor& matrix, int64_t row, int64_t column) {
  return vector_element(matrix, row * matrix.shape[1] + column);
}

}  // namespace convoy::cpu
