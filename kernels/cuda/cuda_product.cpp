#include "kernels/cuda/cuda_product.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "kernels/cuda/matmul_epilogue.h"

namespace convoy::cuda {

namespace {

cudaDataType_t cuda_type(DType dtype) { return dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

// Of bias and pre-activation, whose addresses the heuristic is not shown. cuBLASLt demands it of the latter.
constexpr uint32_t kFusedAlignment = 16;

// Of a row-major matrix whose rows begin `pitch` elements after each other.
MatrixLayout make_layout(DType dtype, int64_t rows, int64_t columns, int64_t pitch) {
  cublasLtMatrixLayout_t layout = nullptr;
  CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&layout, cuda_type(dtype), static_cast<uint64_t>(columns),
                                          static_cast<uint64_t>(rows), pitch));
  return MatrixLayout(layout);
}

}  // namespace

CudaProduct::CudaProduct(Unplanned, const CudaProductShape& shape, const Options& options)
    : shape_(shape), options_(options), scratch_(shape, options.most_workspace_bytes) {
  fused_ = false;
  product_at_ = scratch_.workspace;
  strip_.rows = shape_.M;
  if (!empty())
    b_ = shape_.b_transposed ? make_layout(shape_.input, shape_.N, shape_.K, shape_.K)
                             : make_layout(shape_.input, shape_.K, shape_.N, shape_.N);
}

CudaProduct::CudaProduct(const CudaProductShape& shape, const Options& options)
    : CudaProduct(Unplanned{}, shape, options) {
  if (empty()) return;
  for (const ProductWay way : ways())
    if (way != ProductWay::fused_sums && choose_first(way)) return;
  throw InternalError(fmt::format("cuBLASLt has no product of {} x {} x {} in {}", shape_.M, shape_.N, shape_.K,
                                  name_of(shape_.input)));
}

CudaProduct::CudaProduct(const CudaProductShape& shape, const Options& options, const ProductChoice& choice)
    : CudaProduct(Unplanned{}, shape, options) {
  const auto impossible = [](const char* why) {
    throw InternalError(fmt::format("a product cannot be computed as it was chosen: {}", why));
  };
  if (empty()) return;
  if (!std::ranges::count(ways(), choice.way)) impossible("not in that way");
  lay_out(choice.way);
  size_t next = 0;
  for (Strip* strip : {&strip_, &rest_}) {
    if (strip->rows == 0) continue;
    if (next == choice.algorithms.size()) impossible("too few algorithms");
    strip->chosen = choice.algorithms[next++];
    cublasLtMatmulHeuristicResult_t needs{};
    if (cublasLtMatmulAlgoCheck(options_.cublaslt, description_.get(), b_.get(), strip->a.get(), strip->c.get(),
                                strip->c.get(), &strip->chosen.algorithm, &needs) != CUBLAS_STATUS_SUCCESS ||
        needs.workspaceSize > workspace_bytes())
      impossible("this GPU or this cuBLASLt has not the algorithm");
    strip->chosen.workspace_bytes = needs.workspaceSize;
  }
}

std::vector<ProductChoice> CudaProduct::candidates(const CudaProductShape& shape, const Options& options) {
  std::vector<ProductChoice> all;
  CudaProduct product(Unplanned{}, shape, options);
  if (product.empty()) return all;
  for (const ProductWay way : product.ways()) {
    if (way == ProductWay::apart && !all.empty()) break;  // it is there for what is not offered
    if (!product.choose_first(way)) continue;
    for (const ProductAlgorithm& algorithm : product.offers(product.strip_)) {
      all.push_back({way, {algorithm}});
      if (product.rest_.rows > 0) all.back().algorithms.push_back(product.rest_.chosen);
    }
  }
  return all;
}

// Fused first, which is to be taken where nobody has timed anything.
std::vector<ProductWay> CudaProduct::ways() const {
  std::vector<ProductWay> ways;
  const bool vectors = shape_.alignment_vectors >= kFusedAlignment;
  if (options_.fused && vectors && is_offered_fused(shape_)) ways.push_back(ProductWay::fused);
  if (options_.fused && shape_.column_sums && !shape_.elementwise() && !shape_.bias)
    ways.push_back(ProductWay::fused_sums);
  ways.push_back(ProductWay::apart);
  return ways;
}

void CudaProduct::lay_out(ProductWay way) {
  fused_ = way != ProductWay::apart;
  fused_sums_ = way == ProductWay::fused_sums;
  product_at_ = scratch_.workspace;
  strip_.rows = fused_sums_ ? shape_.M : rows_of_whole_vectors(shape_);
  if (!product_in_c() && scratch_.product == 0) {
    product_at_ = scratch_.smaller_workspace;
    const int64_t fit = static_cast<int64_t>(scratch_.rows) / (shape_.N * 4) / kStripRows * kStripRows;
    strip_.rows = std::min(shape_.M, fit);
  }
  rest_.rows = shape_.M % strip_.rows;
  description_ = describe();
  for (Strip* strip : {&strip_, &rest_})
    if (strip->rows > 0) describe_strip(*strip);
}

void CudaProduct::describe_strip(Strip& strip) {
  strip.a = shape_.a_transposed ? make_layout(shape_.input, shape_.K, strip.rows, shape_.a_columns)
                                : make_layout(shape_.input, strip.rows, shape_.K, shape_.K);
  strip.c = make_layout(fused_ ? shape_.output : DType::f32, strip.rows, shape_.N, shape_.N);
}

// What is optional may fail for any reason: then it is not to be had.
bool CudaProduct::choose_first(ProductWay way) {
  try {
    lay_out(way);
    for (Strip* strip : {&strip_, &rest_}) {
      if (strip->rows == 0) continue;
      const std::vector<ProductAlgorithm> offered = offers(*strip);
      if (offered.empty()) return false;
      strip->chosen = offered.front();
    }
    return true;
  } catch (const InternalError&) {
    if (way == ProductWay::apart) throw;
    return false;
  }
}

uint32_t CudaProduct::epilogue() const {
  if (fused_sums_) return CUBLASLT_EPILOGUE_BGRADA;
  if (!fused_) return CUBLASLT_EPILOGUE_DEFAULT;
  return wanted_epilogue(shape_);
}

MatmulDescription CudaProduct::describe() const {
  cublasLtMatmulDesc_t made = nullptr;
  const bool tf32 = options_.tf32 && shape_.input == DType::f32;
  CUBLAS_CHECK(cublasLtMatmulDescCreate(&made, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
  MatmulDescription description(made);
  // cuBLASLt's A is our b and the other way round.
  set(description, CUBLASLT_MATMUL_DESC_TRANSA, shape_.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(description, CUBLASLT_MATMUL_DESC_TRANSB, shape_.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(description, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue());
  if (fused_sums_) set(description, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
  if (shape_.pre_activation && epilogue() != CUBLASLT_EPILOGUE_DEFAULT)
    set(description, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, shape_.N);
  return description;
}

// The heuristic's, best first. None where there is none; throws where it refuses to say.
std::vector<ProductAlgorithm> CudaProduct::offers(const Strip& strip) const {
  cublasLtMatmulPreference_t made = nullptr;
  CUBLAS_CHECK(cublasLtMatmulPreferenceCreate(&made));
  const MatmulPreference preference(made);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(workspace_bytes()));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, shape_.alignment_b);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, shape_.alignment_a);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, shape_.alignment_c);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, shape_.alignment_c);

  std::array<cublasLtMatmulHeuristicResult_t, kMostAlgorithms> results{};
  int found = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(options_.cublaslt, description_.get(), b_.get(), strip.a.get(), strip.c.get(),
                                     strip.c.get(), preference.get(), kMostAlgorithms, results.data(), &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
  CUBLAS_CHECK(status);
  std::vector<ProductAlgorithm> offered;
  for (const auto& result : std::span(results).first(static_cast<size_t>(found)))
    if (result.state == CUBLAS_STATUS_SUCCESS) offered.push_back({result.algo, result.workspaceSize});
  return offered;
}

void CudaProduct::run(Stream& stream, const Matmul& args, const Tensor& scratch_memory) const {
  auto* scratch = scratch_memory.as<std::byte>();
  for (int64_t first = 0; first < shape_.M; first += strip_.rows) {
    const Strip& strip = shape_.M - first < strip_.rows ? rest_ : strip_;
    run_strip(stream, strip, strip.rows == shape_.M ? args : rows_of(args, first, strip.rows), scratch);
  }
  if (!shape_.column_sums) return;
  auto* sums = reinterpret_cast<float*>(scratch + scratch_.workspace + scratch_.product);
  if (fused_sums_)
    enqueue_add(stream, args.column_sums.as<float>(), sums, shape_.N);
  else
    enqueue_column_sums(stream, args.column_sums, args.b, sums);
}

// What of the arguments these rows of c read and write; of a transposed a, the memory behind its columns.
Matmul CudaProduct::rows_of(const Matmul& args, int64_t first, int64_t count) const {
  Matmul rows = args;
  rows.c = args.c.rows(first, count);
  if (args.pre_activation) rows.pre_activation = args.pre_activation.rows(first, count);
  rows.a = shape_.a_transposed ? args.a.range(first, args.a.elements() - first) : args.a.rows(first, count);
  return rows;
}

void CudaProduct::run_strip(Stream& stream, const Strip& strip, const Matmul& args, std::byte* scratch) const {
  auto* product = product_in_c() ? args.c.data : scratch + product_at_;
  if (!empty())
    multiply(stream, strip, args, product, scratch + scratch_.workspace + scratch_.product, scratch);
  else if (!(args.accumulate && product_in_c()))
    stream.zero(product, static_cast<size_t>(strip.rows * shape_.N) * 4);
  if (!fused_) enqueue_epilogue(stream, args, static_cast<const float*>(product), args.accumulate && !product_in_c());
}

void CudaProduct::multiply(Stream& stream, const Strip& strip, const Matmul& args, void* product, void* sums,
                           void* workspace) const {
  const std::lock_guard lock(mutex_);
  if (fused_) {
    const void* bias = fused_sums_ ? sums : args.bias.data;
    if (bias != nullptr) set(description_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    if (shape_.pre_activation) set(description_, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, args.pre_activation.data);
  }
  const float alpha = 1, beta = args.accumulate && product_in_c() ? 1 : 0;
  CUBLAS_CHECK(cublasLtMatmul(options_.cublaslt, description_.get(), &alpha, args.b.data, b_.get(), args.a.data,
                              strip.a.get(), &beta, product, strip.c.get(), product, strip.c.get(),
                              &strip.chosen.algorithm, workspace, strip.chosen.workspace_bytes, handle(stream)));
}

}  // namespace convoy::cuda
