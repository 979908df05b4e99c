// The kernels of OptimizerUpdate, one for each rule, compiled like those of kernels.h. Apart from them, since a file
// that compiles them has to include the rules behind the choice of its instruction set.
#pragma once

#include <cstdint>
#include <tuple>

#include "core/ops/optimizer_update.h"
#include "core/optimizer/rules/rules.h"

namespace convoy::cpu {

// begin is a multiple of kParameterBlock.
template <class Rule>
using UpdateKernel = void (*)(const OptimizerUpdate<Rule>& args, int64_t begin, int64_t end);

template <class List>
struct UpdateKernelsOf;
template <class... Rules>
struct UpdateKernelsOf<RuleList<Rules...>> {
  using Table = std::tuple<UpdateKernel<Rules>...>;
};
using UpdateKernels = UpdateKernelsOf<OptimizerRules>::Table;

// Of the active instruction set.
const UpdateKernels& update_kernels();

namespace avx2 {
extern const UpdateKernels update_kernels;
}
namespace avx512 {
extern const UpdateKernels update_kernels;
}

}  // namespace convoy::cpu
