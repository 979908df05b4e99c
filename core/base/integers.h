// Small integer arithmetic used everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace convoy {

template <class Integer>
constexpr Integer ceil_div(Integer value, Integer divisor) {
  return (value + divisor - 1) / divisor;
}

template <class Integer>
constexpr Integer round_up(Integer value, Integer multiple) {
  return ceil_div(value, multiple) * multiple;
}

// The largest size where the product does not fit: too large for any use it is put to.
constexpr size_t saturating_product(size_t a, size_t b) {
  size_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<size_t>::max() : product;
}

}  // namespace convoy
