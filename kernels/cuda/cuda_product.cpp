#include "kernels/cuda/cuda_product.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/check_matmul.h"
#include "kernels/cuda/matmul_epilogue.h"

namespace convoy::cuda {

namespace {

constexpr size_t kScratchAlignment = 256;  // of cuBLASLt's workspace

cudaDataType_t cuda_type(DType dtype) { return dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

MatrixLayout make_layout(DType dtype, int64_t rows, int64_t columns) {  // of the row-major matrix
  cublasLtMatrixLayout_t layout = nullptr;
  CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&layout, cuda_type(dtype), static_cast<uint64_t>(columns),
                                          static_cast<uint64_t>(rows), columns));
  return MatrixLayout(layout);
}

// The epilogue that does all of the shape's work; DEFAULT with elementwise work left over means that none does.
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

uint32_t alignment_of(const Tensor& tensor) {
  const auto address = reinterpret_cast<uintptr_t>(tensor.data);
  uint32_t alignment = 16;
  while (address % alignment != 0) alignment /= 2;
  return alignment;
}

}  // namespace

CudaProductShape cuda_product_shape(const Matmul& args) {
  check_matmul(args);
  CudaProductShape s;
  s.M = args.c.shape[0];
  s.N = args.c.shape[1];
  s.K = args.a.shape[args.a_transposed ? 0 : 1];
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
  s.alignment_c = std::min({alignment_of(args.c), alignment_of(args.bias), alignment_of(args.pre_activation)});
  return s;
}

CudaProduct::CudaProduct(const CudaProductShape& shape, const Options& options)
    : shape_(shape), cublaslt_(options.cublaslt) {
  if (empty()) fused_ = false;
  if (!empty()) {
    make_layouts();
    const uint32_t wanted = wanted_epilogue(shape_);
    const bool sums = shape_.column_sums && wanted == CUBLASLT_EPILOGUE_DEFAULT && !shape_.elementwise();
    const bool complete = wanted != CUBLASLT_EPILOGUE_DEFAULT || !(shape_.elementwise() || shape_.bias);
    fused_sums_ = sums && plan(CUBLASLT_EPILOGUE_BGRADA, options);
    fused_ = fused_sums_ || (complete && plan(wanted, options));
    if (!fused_) {
      c_ = make_layout(DType::f32, shape_.M, shape_.N);
      if (!plan(CUBLASLT_EPILOGUE_DEFAULT, options))
        throw InternalError(fmt::format("cuBLASLt has no product of {} x {} x {} in {}", shape_.M, shape_.N, shape_.K,
                                        name_of(shape_.input)));
    }
  }
  if (!product_in_c()) product_bytes_ = round_up(static_cast<size_t>(shape_.M * shape_.N) * 4, kScratchAlignment);
  if (shape_.column_sums)
    sums_bytes_ = fused_sums_ ? static_cast<size_t>(shape_.N) * 4 : column_sum_bytes(shape_.K, shape_.N);
}

void CudaProduct::make_layouts() {
  const CudaProductShape& s = shape_;
  a_ = s.a_transposed ? make_layout(s.input, s.K, s.M) : make_layout(s.input, s.M, s.K);
  b_ = s.b_transposed ? make_layout(s.input, s.N, s.K) : make_layout(s.input, s.K, s.N);
  c_ = make_layout(s.output, s.M, s.N);
}

bool CudaProduct::plan(uint32_t epilogue, const Options& options) {
  cublasLtMatmulDesc_t description = nullptr;
  const bool tf32 = options.tf32 && shape_.input == DType::f32;
  CUBLAS_CHECK(
      cublasLtMatmulDescCreate(&description, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
  description_.reset(description);
  // cuBLASLt's A is our b and the other way round.
  set(description_, CUBLASLT_MATMUL_DESC_TRANSA, shape_.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(description_, CUBLASLT_MATMUL_DESC_TRANSB, shape_.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(description_, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
  if (epilogue == CUBLASLT_EPILOGUE_BGRADA) set(description_, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
  if (shape_.pre_activation && epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    set(description_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, shape_.N);

  cublasLtMatmulPreference_t made = nullptr;
  CUBLAS_CHECK(cublasLtMatmulPreferenceCreate(&made));
  const MatmulPreference preference(made);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(options.workspace_limit));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, shape_.alignment_b);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, shape_.alignment_a);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, shape_.alignment_c);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, shape_.alignment_c);

  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(cublaslt_, description_.get(), b_.get(), a_.get(),
                                                               c_.get(), c_.get(), preference.get(), 1, &best, &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && found == 0)) return false;
  CUBLAS_CHECK(status);
  algorithm_ = best.algo;
  workspace_bytes_ = round_up(best.workspaceSize, kScratchAlignment);
  return true;
}

void CudaProduct::run(Stream& stream, const Matmul& args, const Tensor& scratch_memory) const {
  auto* scratch = scratch_memory.as<std::byte>();
  auto* product = product_in_c() ? args.c.data : scratch + workspace_bytes_;
  auto* sums = reinterpret_cast<float*>(scratch + workspace_bytes_ + product_bytes_);
  if (!empty())
    multiply(stream, args, product, sums, scratch);
  else if (!(args.accumulate && product_in_c()))
    stream.zero(product, static_cast<size_t>(shape_.M * shape_.N) * 4);
  if (!fused_) enqueue_epilogue(stream, args, static_cast<const float*>(product), args.accumulate && !product_in_c());
  if (!shape_.column_sums) return;
  if (fused_sums_)
    enqueue_add(stream, args.column_sums.as<float>(), sums, shape_.N);
  else
    enqueue_column_sums(stream, args.column_sums, args.b, sums);
}

void CudaProduct::multiply(Stream& stream, const Matmul& args, void* product, void* sums, void* workspace) const {
  const std::lock_guard lock(mutex_);
  if (fused_) {
    const void* bias = fused_sums_ ? sums : args.bias.data;
    if (bias != nullptr) set(description_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    if (shape_.pre_activation) set(description_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, args.pre_activation.data);
  }
  const float alpha = 1, beta = args.accumulate && product_in_c() ? 1 : 0;
  CUBLAS_CHECK(cublasLtMatmul(cublaslt_, description_.get(), &alpha, args.b.data, b_.get(), args.a.data, a_.get(),
                              &beta, product, c_.get(), product, c_.get(), &algorithm_, workspace, workspace_bytes_,
                              handle(stream)));
}

}  // namespace convoy::cuda
