#include "core/ops/check_matmul.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/base/error.h"

namespace convoy {
namespace {

[[noreturn]] void fail(const Matmul& args, std::string_view problem) {
  throw InternalError(fmt::format("matmul c {} {} = a {} {}{} x b {} {}{}: {}", name_of(args.c.dtype),
                                  to_string(args.c.shape), name_of(args.a.dtype), to_string(args.a.shape),
                                  args.a_transposed ? " transposed" : "", name_of(args.b.dtype),
                                  to_string(args.b.shape), args.b_transposed ? " transposed" : "", problem));
}

bool is_real(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16; }

void check_operands(const Matmul& args) {
  if (args.a.shape.dims() != 2 || args.b.shape.dims() != 2 || args.c.shape.dims() != 2)
    fail(args, "all three must be matrices; use Tensor::matrix()");
  if (args.a.dtype != args.b.dtype || !is_real(args.a.dtype) || !is_real(args.c.dtype))
    fail(args, "a and b must both be f32 or both bf16, and c f32 or bf16");
  const int64_t a_M = args.a.shape[args.a_transposed ? 1 : 0], a_K = args.a.shape[args.a_transposed ? 0 : 1];
  const int64_t N = args.b.shape[args.b_transposed ? 0 : 1], b_K = args.b.shape[args.b_transposed ? 1 : 0];
  if (a_K != b_K) fail(args, fmt::format("a sums over {} elements, b over {}", a_K, b_K));
  const int64_t M = args.a_transposed ? std::min(a_M, args.c.shape[0]) : a_M;
  if (args.c.shape != Shape{M, N}) fail(args, fmt::format("c must be ({}, {})", M, N));
}

void check_epilogue(const Matmul& args) {
  const int64_t N = args.c.shape[1];
  const bool derivative = args.derivative_of != Activation::none;
  if (args.accumulate && (derivative || args.activation != Activation::none))
    fail(args, "accumulate needs activation and derivative_of none");
  if (derivative && args.activation != Activation::none) fail(args, "activation and derivative_of exclude each other");
  if (args.bias && (args.bias.elements() != N || args.bias.dtype != args.a.dtype))
    fail(args, fmt::format("bias must be {} elements of a's dtype", N));
  if (derivative && !args.pre_activation) fail(args, "derivative_of needs pre_activation");
  if (args.pre_activation && (args.pre_activation.shape != args.c.shape || args.pre_activation.dtype != args.a.dtype))
    fail(args, "pre_activation must have c's shape and a's dtype");
  if (args.column_sums &&
      (args.b_transposed || args.column_sums.elements() != N || args.column_sums.dtype != DType::f32))
    fail(args, fmt::format("column_sums must be {} elements of f32, and b not transposed", N));
}

}  // namespace

void check_matmul(const Matmul& args) {
  check_operands(args);
  check_epilogue(args);
}

}  // namespace convoy
