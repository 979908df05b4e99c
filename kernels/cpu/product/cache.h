// Compiled products by shape. Compiled when a shape is first met, kept for the life of the operators.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "kernels/cpu/product/product.h"

namespace convoy::cpu {

struct ProductShapeHash {
  size_t operator()(const ProductShape& shape) const;
};

// Safe to use from several threads; what get() returns lives as long as the cache.
class ProductCache {
 public:
  const Product& get(const ProductShape& shape);

 private:
  std::mutex mutex_;
  std::unordered_map<ProductShape, std::unique_ptr<Product>, ProductShapeHash> products_;
};

}  // namespace convoy::cpu
