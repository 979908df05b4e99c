#include "core/ops/pooling.h"

#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/cpu_isa.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/pooling/kernels.h"

namespace convoy::cpu {
namespace {

// kernel(args, begin, end) over rows whose windows have so many elements each.
template <class Args>
void for_rows(const Args& args, int64_t rows, int64_t row_elements, void (*kernel)(const Args&, int64_t, int64_t)) {
  const int64_t at_once = std::max<int64_t>(1, kPieceElements / std::max<int64_t>(1, row_elements));
  parallel_for(ceil_div(rows, at_once),
               [&](int64_t piece) { kernel(args, piece * at_once, std::min(rows, (piece + 1) * at_once)); });
}

int64_t window_elements(const PoolShape& s) { return s.Wout * s.C * s.window_h * s.window_w; }

}  // namespace

const PoolKernels& pool_kernels() { return active_isa() == Isa::avx2 ? avx2::pool_kernels : avx512::pool_kernels; }

void max_pool_forward(Stream& stream, const MaxPoolForward& args) {
  check_pool(args.shape, args.x, args.y);
  enqueue(stream, [args] {
    for_rows(args, args.shape.B * args.shape.Hout, window_elements(args.shape), pool_kernels().max_forward);
  });
}

void max_pool_backward(Stream& stream, const MaxPoolBackward& args) {
  check_pool(args.shape, args.dx, args.dy);
  enqueue(stream, [args] {
    for_rows(args, args.shape.B * args.shape.H, args.shape.W * args.shape.C, pool_kernels().max_backward);
  });
}

void average_pool_forward(Stream& stream, const AveragePoolForward& args) {
  check_pool(args.shape, args.x, args.y);
  enqueue(stream, [args] {
    for_rows(args, args.shape.B * args.shape.Hout, window_elements(args.shape), pool_kernels().average_forward);
  });
}

void average_pool_backward(Stream& stream, const AveragePoolBackward& args) {
  check_pool(args.shape, args.dx, args.dy);
  enqueue(stream, [args] {
    for_rows(args, args.shape.B * args.shape.H, args.shape.W * args.shape.C, pool_kernels().average_backward);
  });
}

}  // namespace convoy::cpu
