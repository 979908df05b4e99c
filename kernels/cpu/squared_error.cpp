#include <algorithm>

#include "core/base/bf16.h"
#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

template <class X, class Target>
void squared_error_rows(const SquaredError& args, int64_t begin, int64_t end) {
  const int64_t F = args.x.shape[-1];
  const float mean = 1.0f / static_cast<float>(F), factor = args.scale * 2.0f * mean;
  auto* dx = args.dx.as<X>();
  auto* dtarget = args.dtarget.as<Target>();
  for (int64_t n = begin; n < end; ++n) {
    float sum = 0;
    for (int64_t i = n * F; i < (n + 1) * F; ++i) {
      const float error = static_cast<float>(args.x.as<X>()[i]) - static_cast<float>(args.target.as<Target>()[i]);
      sum += error * error;
      if (dx != nullptr) dx[i] = X(factor * error);
      if (dtarget != nullptr) dtarget[i] = Target(-factor * error);
    }
    args.losses.as<float>()[n] = sum * mean;
  }
}

}  // namespace

void squared_error(Stream& stream, const SquaredError& args) {
  enqueue(stream, [args] {
    const int64_t F = args.x.shape[-1], N = args.x.elements() / F;
    const int64_t rows = std::max<int64_t>(1, kPieceElements / F);
    const bool x_bf16 = args.x.dtype == DType::bf16, target_bf16 = args.target.dtype == DType::bf16;
    const auto run = x_bf16 ? (target_bf16 ? squared_error_rows<bf16, bf16> : squared_error_rows<bf16, float>)
                            : (target_bf16 ? squared_error_rows<float, bf16> : squared_error_rows<float, float>);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) { run(args, piece * rows, std::min(N, (piece + 1) * rows)); });
  });
}

}  // namespace convoy::cpu
