#include "kernels/cuda/product_shape.h"

#include <cublasLt.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/integers.h"
#include "core/ops/check_matmul.h"
#include "kernels/cuda/matmul_epilogue.h"

namespace convoy::cuda {

namespace {

constexpr size_t kScratchAlignment = 256;  // of cuBLASLt's workspace

// A product that is split along K keeps as many partial ones in the workspace, of whole tiles: more than so many of
// them gain nothing.
size_t workspace_of(const CudaProductShape& s, size_t most_bytes) {
  constexpr int64_t kPartialProducts = 16, kTile = 128;
  const auto bytes = static_cast<size_t>(round_up(s.M, kTile) * round_up(s.N, kTile)) * 4 * kPartialProducts;
  return s.empty() ? 0 : std::min(bytes, most_bytes);
}

uint32_t alignment_of(const Tensor& tensor) {
  const auto address = reinterpret_cast<uintptr_t>(tensor.data);
  uint32_t alignment = 16;
  while (address % alignment != 0) alignment /= 2;
  return alignment;
}

}  // namespace

uint32_t wanted_epilogue(const CudaProductShape& s) {
  // The pre-activation is stored in c's type with a leading dimension of whole 8 elements.
  const bool aux_fits = s.input == s.output && s.N % 8 == 0;
  if (s.derivative_of == Activation::gelu_tanh && aux_fits && !s.bias && !s.accumulate) return CUBLASLT_EPILOGUE_DGELU;
  if (s.derivative_of != Activation::none || s.accumulate) return CUBLASLT_EPILOGUE_DEFAULT;
  if (s.bias && s.input != s.output) return CUBLASLT_EPILOGUE_DEFAULT;  // its bias has c's type
  if (s.activation == Activation::gelu_tanh && s.pre_activation)
    return !aux_fits ? CUBLASLT_EPILOGUE_DEFAULT
           : s.bias  ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS
                     : CUBLASLT_EPILOGUE_GELU_AUX;
  if (s.pre_activation) return CUBLASLT_EPILOGUE_DEFAULT;
  if (s.activation == Activation::gelu_tanh) return s.bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
  // Its RELU turns NaN into 0 and so hides it: not taken.
  return s.bias && s.activation == Activation::none ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

bool is_offered_fused(const CudaProductShape& s) {
  return !s.empty() && (wanted_epilogue(s) != CUBLASLT_EPILOGUE_DEFAULT || !(s.elementwise() || s.bias));
}

int64_t rows_of_whole_vectors(const CudaProductShape& s) {
  const bool ends_within = s.a_transposed && s.a_columns % kStripRows == 0 && s.M % kStripRows != 0;
  return ends_within && s.M > kStripRows && !s.column_sums ? s.M / kStripRows * kStripRows : s.M;
}

CudaProductShape cuda_product_shape(const Matmul& args) {
  check_matmul(args);
  CudaProductShape s;
  s.M = args.c.shape[0];
  s.N = args.c.shape[1];
  s.K = args.a.shape[args.a_transposed ? 0 : 1];
  s.a_columns = args.a.shape[1];
  s.input = args.a.dtype;
  s.output = args.c.dtype;
  s.a_transposed = args.a_transposed;
  s.b_transposed = args.b_transposed;
  s.accumulate = args.accumulate;
  s.bias = static_cast<bool>(args.bias);
  s.pre_activation = static_cast<bool>(args.pre_activation);
  s.column_sums = static_cast<bool>(args.column_sums);
  s.activation = args.activation;
  s.derivative_of = args.derivative_of;
  s.alignment_a = alignment_of(args.a);
  s.alignment_b = alignment_of(args.b);
  s.alignment_c = alignment_of(args.c);
  s.alignment_vectors = std::min(alignment_of(args.bias), alignment_of(args.pre_activation));
  return s;
}

std::string CudaProductShape::text() const {
  const auto flag = [](bool is_there, const char* name) { return is_there ? name : ""; };
  std::string text = fmt::format("{}x{}x{}-{}-{}{}", M, N, K, name_of(input), name_of(output),
                                 a_transposed ? fmt::format("-a{}", a_columns) : "");
  for (const char* name : {flag(b_transposed, "-b"), flag(accumulate, "-add"), flag(bias, "-bias"),
                           flag(pre_activation, "-pre"), flag(column_sums, "-sums")})
    text += name;
  return text + fmt::format("-{}-{}-{}.{}.{}.{}", static_cast<int>(activation), static_cast<int>(derivative_of),
                            alignment_a, alignment_b, alignment_c, alignment_vectors);
}

CudaProductScratch::CudaProductScratch(const CudaProductShape& s, size_t most_workspace_bytes) {
  workspace = workspace_of(s, most_workspace_bytes);
  if (s.output == DType::f32) {
    smaller_workspace = workspace;
  } else if (is_offered_fused(s)) {
    const auto least_rows = static_cast<size_t>(kStripRows * s.N) * 4;
    smaller_workspace = workspace / 2 / kScratchAlignment * kScratchAlignment;
    rows = round_up(std::max(workspace - smaller_workspace, least_rows), kScratchAlignment);
    workspace = smaller_workspace + rows;
  } else {
    smaller_workspace = workspace;
    product = round_up(static_cast<size_t>(s.M * s.N) * 4, kScratchAlignment);
  }
  if (s.column_sums) sums = column_sum_bytes(s.K, s.N);  // more than the N floats that cuBLASLt wants
}

}  // namespace convoy::cuda
