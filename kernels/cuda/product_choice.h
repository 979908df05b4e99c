// How a matrix product is computed: what differs between two choices are time and the last bits.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::cuda {

enum class ProductWay : uint8_t {
  fused,       // cuBLASLt's own epilogue makes c: bias, GELU with or without its pre-activation, GELU's derivative
  fused_sums,  // and makes the column sums that are a bias gradient too
  apart,       // what its epilogues or its heuristic do not offer: a plain product, then matmul_epilogue.cu
};

struct ProductAlgorithm {
  cublasLtMatmulAlgo_t algorithm{};
  size_t workspace_bytes = 0;
};

struct ProductChoice {
  ProductWay way = ProductWay::fused;
  std::vector<ProductAlgorithm> algorithms;  // of the rows of c; of the last ones apart, where they are a product alone

  // One word for the way and one for each algorithm, as cuBLASLt's opaque bytes: good for this version of it alone.
  std::string text() const;
  // Throws InternalError if that is no choice's text.
  static ProductChoice parse(std::string_view text);
};

}  // namespace convoy::cuda
