#include "kernels/cpu/product/cache.h"

namespace convoy::cpu {

size_t ProductShapeHash::operator()(const ProductShape& shape) const {
  uint64_t hash = 0;
  const auto mix = [&](uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  };
  mix(static_cast<uint64_t>(shape.M));
  mix(static_cast<uint64_t>(shape.N));
  mix(static_cast<uint64_t>(shape.K));
  mix(static_cast<uint64_t>(shape.a_columns));
  mix(static_cast<uint64_t>(shape.input) << 8 | static_cast<uint64_t>(shape.output));
  mix((shape.a_transposed ? 1u : 0u) | (shape.b_transposed ? 2u : 0u) | (shape.accumulate ? 4u : 0u) |
      (shape.bias ? 8u : 0u) | (shape.elementwise ? 16u : 0u) | (shape.rows_alike ? 32u : 0u));
  return hash;
}

const Product& ProductCache::get(const ProductShape& shape) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Product>& product = products_[shape];
  if (product == nullptr) product = compile_product(shape);
  return *product;
}

}  // namespace convoy::cpu
