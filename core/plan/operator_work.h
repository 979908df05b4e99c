// What an operator's call has to do at the least, from its shapes: for models of how long it takes.
#pragma once

#include <cstdint>
#include <optional>
#include <typeindex>
#include <vector>

#include "core/tensor/dtype.h"

namespace convoy {

// (m, k) times (k, n).
struct ProductWork {
  int64_t m = 0, n = 0, k = 0;
  DType dtype = DType::f32;  // of what is multiplied

  double flops() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  bool operator==(const ProductWork&) const = default;
};

// Scores that the mask leaves, each of D elements.
struct AttentionWork {
  double scores = 0;  // of all samples and heads
  int64_t D = 0, Tk = 0;
  DType dtype = DType::f32;
  bool backward = false;

  // Two products forward; five backward, the scores once more among them (FlashAttention-2, arXiv:2307.08691).
  double flops() const { return (backward ? 10.0 : 4.0) * scores * static_cast<double>(D); }
  bool operator==(const AttentionWork&) const = default;
};

// One kernel, or a few that run as one.
struct OperatorWork {
  std::optional<ProductWork> product;
  std::optional<AttentionWork> attention;
  double bytes = 0;    // that are read and written once each
  double written = 0;  // of them, by a product
};

// args: an argument struct of core/ops, or CopyBytes, without memory. Absent: its cost is not known.
std::optional<std::vector<OperatorWork>> operator_work(std::type_index type, const void* args);

}  // namespace convoy
