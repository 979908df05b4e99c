#include "tests/virtual_gpu/blas/problem.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/virtual_gpu/blas/element.h"
#include "tests/virtual_gpu/blas/unkind.h"
#include "tests/virtual_gpu/runtime/unkind.h"

namespace convoy::vgpu {
namespace {
constexpr uint64_t kAlgorithmMagic = 0x6c61757472697622;
constexpr uint32_t kMaxUsefulAlignment = 16;  // of vectors that are not operands: no kernel loads more at once
constexpr uint64_t kWorkspaceAlignment = 256;

Refusal unsupported(std::string reason) { return {CUBLAS_STATUS_NOT_SUPPORTED, std::move(reason)}; }
Refusal invalid(std::string reason) { return {CUBLAS_STATUS_INVALID_VALUE, std::move(reason)}; }

int64_t rows_of(const MatrixLayout& l, int32_t op) {
  return static_cast<int64_t>(op == CUBLAS_OP_N ? l.rows : l.columns);
}
int64_t columns_of(const MatrixLayout& l, int32_t op) {
  return static_cast<int64_t>(op == CUBLAS_OP_N ? l.columns : l.rows);
}

uint32_t alignment_of(const void* p, uint32_t at_most) {
  uint32_t alignment = at_most;
  while (reinterpret_cast<uint64_t>(p) % alignment != 0) alignment /= 2;
  return alignment;
}

Refusal check_types(const Problem& p) {
  const cudaDataType_t in = p.a.data_type(), out = p.d.data_type();
  if (!element_bytes(in) || p.b.data_type() != in) return unsupported("A and B have to be both f32, bf16 or f16");
  if (p.c.data_type() != out) return unsupported("C and D have to be of one type");
  if (out != in && out != CUDA_R_32F)
    return unsupported(std::string("a result in ") + name_of(out) + " of operands in " + name_of(in));
  const bool plain = p.desc.compute == CUBLAS_COMPUTE_32F || p.desc.compute == CUBLAS_COMPUTE_32F_PEDANTIC;
  if (!plain && !(p.tf32() && in == CUDA_R_32F))
    return unsupported("the compute type has to be 32F, or 32F_FAST_TF32 for operands in f32");
  if (p.desc.scale_type != CUDA_R_32F) return unsupported("the scale type has to be f32");
  return {};
}

Refusal check_layout(const char* name, const MatrixLayout& l, int32_t batch_count) {
  if (l.order != CUBLASLT_ORDER_COL && l.order != CUBLASLT_ORDER_ROW)
    return unsupported(std::string("the order of ") + name + " has to be COL or ROW");
  const auto line = static_cast<int64_t>(l.row_major() ? l.columns : l.rows);
  if (l.ld < line)
    return invalid(std::string("the leading dimension of ") + name + " is " + std::to_string(l.ld) + ", less than " +
                   std::to_string(line));
  if (l.batch_count != batch_count) return invalid(std::string("the batch count of ") + name + " is another than D's");
  return {};
}

Refusal check_shapes(const Problem& p) {
  if (p.m != static_cast<int64_t>(p.d.rows) || p.n != static_cast<int64_t>(p.d.columns) ||
      p.k != rows_of(p.b, p.desc.transpose_b))
    return invalid("op(A), op(B) and D do not fit each other");
  if (p.c.rows != p.d.rows || p.c.columns != p.d.columns || p.c.order != p.d.order)
    return invalid("C and D do not fit each other");
  if (!p.m || !p.n || !p.k) return invalid("an extent is 0");
  const struct {
    const char* name;
    const MatrixLayout& layout;
  } matrices[] = {{"A", p.a}, {"B", p.b}, {"C", p.c}, {"D", p.d}};
  for (const auto& [name, layout] : matrices)
    if (Refusal r = check_layout(name, layout, p.d.batch_count)) return r;
  return {};
}

Refusal check_epilogue(const Problem& p) {
  const Epilogue& e = p.epilogue;
  const std::string name = e.name;
  if (!e.supported) return unsupported(name);
  const bool plain = p.desc.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
  for (const MatrixLayout* l : {&p.a, &p.b, &p.c, &p.d})
    if (!plain && l->row_major()) return unsupported("epilogue " + name + " with a row-major matrix");
  if (e.bias_gradient != BiasGradient::none && p.d.batch_count != 1) return unsupported("a batch with " + name);
  if (e.uses_bias() && p.bias_type() != p.d.data_type())
    return unsupported(std::string("a bias in ") + name_of(p.bias_type()) + " with a result in " +
                       name_of(p.d.data_type()));
  if (!e.uses_aux()) return {};
  if (p.aux_type() != p.d.data_type()) return unsupported("an epilogue aux of another type than the result");
  if (p.desc.aux_ld % 8 != 0 || p.desc.aux_ld < p.m || p.desc.aux_batch_stride % 8 != 0)
    return unsupported("epilogue aux with leading dimension " + std::to_string(p.desc.aux_ld) + " and batch stride " +
                       std::to_string(p.desc.aux_batch_stride) +
                       "; they have to be multiples of 8, the former at least " + std::to_string(p.m));
  return {};
}

Refusal check_pointer(const char* name, const void* pointer, uint64_t alignment, const char* promised_by) {
  const auto address = reinterpret_cast<uint64_t>(pointer);
  if (!pointer) return invalid(std::string(name) + " is null");
  if (address % alignment == 0) return {};
  char text[32];
  snprintf(text, sizeof text, "%p", pointer);
  return invalid(std::string(name) + " = " + text + " is not aligned to the " + std::to_string(alignment) +
                 " bytes that " + promised_by);
}

// In a batch, every matrix has to be aligned.
Refusal check_operand(const char* name, const void* pointer, const MatrixLayout& l, uint32_t alignment) {
  constexpr const char* kPreference = "the heuristic was told of (CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_*_BYTES)";
  if (Refusal r = check_pointer(name, pointer, alignment, kPreference)) return r;
  const int64_t stride = l.batch_stride * static_cast<int64_t>(element_bytes(l.data_type()));
  if (l.batch_count > 1 && stride % std::min(alignment, kMaxUsefulAlignment) != 0)
    return invalid(std::string("the batch stride of ") + name + " breaks its alignment");
  return {};
}
}  // namespace

Problem::Problem(const MatmulDesc& desc_, const MatrixLayout& a_, const MatrixLayout& b_, const MatrixLayout& c_,
                 const MatrixLayout& d_)
    : desc(desc_), a(a_), b(b_), c(c_), d(d_), epilogue(describe_epilogue(desc_.epilogue)) {
  m = rows_of(a, desc.transpose_a);
  k = columns_of(a, desc.transpose_a);
  n = columns_of(b, desc.transpose_b);
}

cudaDataType_t Problem::bias_type() const {
  return desc.bias_type < 0 ? d.data_type() : static_cast<cudaDataType_t>(desc.bias_type);
}
cudaDataType_t Problem::aux_type() const {
  return desc.aux_type < 0 ? d.data_type() : static_cast<cudaDataType_t>(desc.aux_type);
}

// Of matrices of more than one line alone: the others' leading dimension moves nothing.
bool Problem::misaligned() const {
  return std::ranges::any_of(std::array{&a, &b, &c, &d}, [](const MatrixLayout* l) {
    const uint64_t lines = l->row_major() ? l->rows : l->columns;
    return lines > 1 && static_cast<size_t>(l->ld) * element_bytes(l->data_type()) % 16 != 0;
  });
}

std::string Problem::name() const {
  const auto op = [](int32_t transpose) { return transpose == CUBLAS_OP_N ? "N" : "T"; };
  std::string text = "cublasLtMatmul m=" + std::to_string(m) + " n=" + std::to_string(n) + " k=" + std::to_string(k);
  if (d.batch_count != 1) text += " batch=" + std::to_string(d.batch_count);
  return text + " " + op(desc.transpose_a) + op(desc.transpose_b) + " " + epilogue.name + " " + name_of(a.data_type()) +
         "->" + name_of(d.data_type()) + (tf32() ? " tf32" : "") + (misaligned() ? " misaligned" : "");
}

Refusal check_problem(const Problem& p) {
  if (Refusal r = check_shapes(p)) return r;
  if (Refusal r = check_types(p)) return r;
  if (Refusal r = check_epilogue(p)) return r;
  if (p.desc.pointer_mode != CUBLASLT_POINTER_MODE_HOST) return unsupported("alpha and beta on the device");
  if (p.desc.transpose_c != CUBLAS_OP_N || p.desc.fill_mode != CUBLAS_FILL_MODE_FULL)
    return unsupported("a transposed or triangular C");
  return {};
}

bool Algorithm::is_valid() const { return magic == kAlgorithmMagic; }

int Algorithm::offered(const Problem& problem) {
  static const char* const text = getenv("VGPU_ALGORITHMS");
  const int wanted = text ? std::clamp(atoi(text), 1, kMost) : is_unkind() ? offered_by_chance(problem, kMost) : 1;
  return static_cast<int>(std::min<int64_t>(wanted, problem.k));
}

// That of a GPU, but for a factor that has nothing to do with the heuristic's order.
double Algorithm::counted_ms(const Problem& problem) const {
  const auto flops = static_cast<double>(2 * problem.m * problem.n * problem.k * problem.d.batch_count);
  const uint64_t seed = static_cast<uint64_t>(problem.m + 3 * problem.n + 7 * problem.k) + 11 * parts;
  return 0.004 + flops / 1e9 * (1 + static_cast<double>(seed * 0x9E3779B97F4A7C15u >> 60) / 16);
}

Algorithm Algorithm::choose(const Problem& problem, const MatmulPreference& preference, int index) {
  const uint64_t partial_sums = static_cast<uint64_t>(problem.m) * static_cast<uint64_t>(problem.n) * sizeof(float);
  // Partial sums of a product that is split over k, up to a limit.
  const uint64_t copies = is_unkind() ? 16 : 1;
  const uint64_t wanted = std::min(most_workspace_bytes(problem), (copies * partial_sums + 255) / 256 * 256);
  // A pointer that is set already tells its alignment; else the vector is taken to be read in whole vectors.
  return {
      .magic = kAlgorithmMagic,
      .workspace_bytes = std::min(preference.max_workspace_bytes / 256 * 256, wanted),
      .parts = static_cast<uint64_t>(algorithm_at(problem, index, offered(problem))) + 1,
      .alignment_a = preference.alignment_a,
      .alignment_b = preference.alignment_b,
      .alignment_c = preference.alignment_c,
      .alignment_d = preference.alignment_d,
      .alignment_bias = problem.desc.bias ? alignment_of(problem.desc.bias, kMaxUsefulAlignment) : kMaxUsefulAlignment};
}

Refusal check_operands(const Problem& p, const Algorithm& algorithm, const Operands& o) {
  if (Refusal r = check_operand("A", o.a, p.a, algorithm.alignment_a)) return r;
  if (Refusal r = check_operand("B", o.b, p.b, algorithm.alignment_b)) return r;
  if (Refusal r = check_operand("D", o.d, p.d, algorithm.alignment_d)) return r;
  if (o.beta != 0)
    if (Refusal r = check_operand("C", o.c, p.c, algorithm.alignment_c)) return r;
  if (o.c == o.d && p.c.ld != p.d.ld) return invalid("C and D are one matrix with two leading dimensions");
  if (p.epilogue.uses_bias())
    if (Refusal r = check_pointer("the bias", p.desc.bias, algorithm.alignment_bias, "the heuristic was shown"))
      return r;
  if (p.epilogue.uses_aux())
    if (Refusal r = check_pointer("epilogue aux", p.desc.aux, kMaxUsefulAlignment, "it needs")) return r;
  if (algorithm.workspace_bytes == 0) return {};
  if (o.workspace_bytes < algorithm.workspace_bytes)
    return invalid("the workspace has " + std::to_string(o.workspace_bytes) + " bytes; the algorithm needs " +
                   std::to_string(algorithm.workspace_bytes) + " (workspaceSize of its heuristic result)");
  return check_pointer("the workspace", o.workspace, kWorkspaceAlignment, "it needs");
}
}  // namespace convoy::vgpu
