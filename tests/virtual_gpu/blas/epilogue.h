// Epilogues: what is done to a product's elements on the way to memory, as cublasLtEpilogue_t names it.
#pragma once
#include <cublasLt.h>

#include <cstdint>
#include <vector>

#include "tests/virtual_gpu/blas/product.h"

namespace convoy::vgpu {
enum class Activation { none, relu, gelu, gelu_derivative };
enum class BiasGradient { none, of_result, of_a, of_b };

struct Epilogue {
  const char* name = nullptr;
  bool supported = false;
  bool adds_bias = false;
  Activation activation = Activation::none;
  bool writes_aux = false;  // what the activation was given; its derivative reads it
  BiasGradient bias_gradient = BiasGradient::none;

  bool uses_bias() const { return adds_bias || bias_gradient != BiasGradient::none; }
  bool reads_aux() const { return activation == Activation::gelu_derivative; }
  bool uses_aux() const { return writes_aux || reads_aux(); }
  // The length of the bias or its gradient, for a result of (m, n).
  int64_t bias_length(int64_t m, int64_t n) const { return bias_gradient == BiasGradient::of_b ? n : m; }
};
Epilogue describe_epilogue(uint32_t epilogue);

struct EpilogueArguments {
  float alpha, beta;
  MatrixView c;  // read where beta is not 0
  MatrixView d;  // written
  const void* bias = nullptr;
  void* bias_gradient = nullptr;
  cudaDataType_t bias_type;
  void* aux = nullptr;
  cudaDataType_t aux_type;
  int64_t aux_ld;
};

// d = epilogue(alpha product + beta c), and the gradient of the bias where that is of the result. `product` is (m, n),
// column after column.
void apply_epilogue(const Epilogue& epilogue, const EpilogueArguments& args, const float* product, int64_t m,
                    int64_t n);
// The sums of op(a) over its columns, or of op(b) over its rows: `matrix` is (length, k).
void sum_over_k(const MatrixView& matrix, int64_t length, int64_t k, cudaDataType_t to_type, void* to);
}  // namespace convoy::vgpu
