// OptimizerUpdate of every rule.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/base/integers.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/update_kernels.h"

namespace convoy::cpu {

template <class Rule>
void optimizer_update(Stream& stream, const OptimizerUpdate<Rule>& args) {
  enqueue(stream, [args] {
    if (std::isnan(args.norm_and_factor.template as<float>()[1])) return;
    static_assert(kPieceElements % kParameterBlock == 0);
    const auto kernel = std::get<UpdateKernel<Rule>>(update_kernels());
    const int64_t n = args.gradient.elements();
    parallel_for(ceil_div(n, kPieceElements), [&](int64_t piece) {
      kernel(args, piece * kPieceElements, std::min(n, (piece + 1) * kPieceElements));
    });
  });
}

}  // namespace convoy::cpu
