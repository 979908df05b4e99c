#include <algorithm>
#include <limits>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void statistics(Stream& stream, const Statistics& args) {
  enqueue(stream, [args] {
    constexpr int64_t kMaxParts = 64, kMinElements = 16384;
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const int64_t n = args.x.elements(), elements = std::max(kMinElements, ceil_div(n, kMaxParts));
    const int64_t count = ceil_div(n, elements);
    StatisticsPart parts[kMaxParts];
    parallel_for(count, [&](int64_t piece) {
      parts[piece] = range_kernels().statistics(args.x, piece * elements, std::min(n, (piece + 1) * elements));
    });
    StatisticsPart all{kInfinity, -kInfinity, 0, 0, 0, 0};
    for (int64_t i = 0; i < count; ++i) {
      all.min = std::min(all.min, parts[i].min);
      all.max = std::max(all.max, parts[i].max);
      all.sum += parts[i].sum;
      all.sum_of_magnitudes += parts[i].sum_of_magnitudes;
      all.finite += parts[i].finite;
      all.not_finite += parts[i].not_finite;
    }
    const double finite = all.finite > 0 ? static_cast<double>(all.finite) : 1.0;
    float* result = args.result.as<float>();
    // Of no finite value at all: zeros, and the count tells.
    result[0] = all.finite > 0 ? all.min : 0;
    result[1] = all.finite > 0 ? all.max : 0;
    result[2] = static_cast<float>(all.sum / finite);
    result[3] = static_cast<float>(all.sum_of_magnitudes / finite);
    result[4] = static_cast<float>(all.not_finite);
  });
}

}  // namespace convoy::cpu
