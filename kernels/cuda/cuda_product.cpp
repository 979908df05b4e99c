#include "kernels/cuda/cuda_product.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/check_matmul.h"
#include "kernels/cuda/matmul_epilogue.h"

namespace convoy::cuda {

namespace {

constexpr size_t kScratchAlignment = 256;  // of cuBLASLt's workspace

cudaDataType_t cuda_type(DType dtype) { return dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

// Of bias and pre-activation, whose addresses the heuristic is not shown. cuBLASLt demands it of the latter.
constexpr uint32_t kFusedAlignment = 16;

constexpr int64_t kStripRows = 8;  // strips are multiples of it, so that they are as well aligned as the whole

// Of a row-major matrix whose rows begin `pitch` elements after each other.
MatrixLayout make_layout(DType dtype, int64_t rows, int64_t columns, int64_t pitch) {
  cublasLtMatrixLayout_t layout = nullptr;
  CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&layout, cuda_type(dtype), static_cast<uint64_t>(columns),
                                          static_cast<uint64_t>(rows), pitch));
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

// Where a's columns end within a vector although its rows begin at whole ones, c's last rows are a product of their
// own: the others then read and write whole vectors alone, which the fastest algorithms demand.
int64_t rows_of_whole_vectors(const CudaProductShape& s) {
  const bool ends_within = s.a_transposed && s.a_columns % kStripRows == 0 && s.M % kStripRows != 0;
  return ends_within && s.M > kStripRows && !s.column_sums ? s.M / kStripRows * kStripRows : s.M;
}

bool is_empty(const CudaProductShape& s) { return s.M == 0 || s.N == 0 || s.K == 0; }

// Is there an epilogue that makes all of c, by the documentation?
bool is_offered_fused(const CudaProductShape& s) {
  return !is_empty(s) && (wanted_epilogue(s) != CUBLASLT_EPILOGUE_DEFAULT || !(s.elementwise() || s.bias));
}

// A product that is split along K keeps as many partial ones in the workspace, of whole tiles: more than so many of
// them gain nothing.
size_t workspace_of(const CudaProductShape& s, size_t most_bytes) {
  constexpr int64_t kPartialProducts = 16, kTile = 128;
  const auto bytes = static_cast<size_t>(round_up(s.M, kTile) * round_up(s.N, kTile)) * 4 * kPartialProducts;
  return is_empty(s) ? 0 : std::min(bytes, most_bytes);
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
  return fused_ ? wanted_epilogue(shape_) : CUBLASLT_EPILOGUE_DEFAULT;
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
