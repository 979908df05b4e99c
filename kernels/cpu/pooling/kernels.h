// The inner loops of pooling, compiled for AVX2 and for AVX-512. Both variants give the same bits. How kernels are
// written: simd/begin_avx2.h.
#pragma once

#include <cstdint>

#include "core/ops/pooling.h"

namespace convoy::cpu {

// Rows [begin, end) of what is written, counted over all samples.
struct PoolKernels {
  void (*max_forward)(const MaxPoolForward& args, int64_t begin, int64_t end);
  void (*max_backward)(const MaxPoolBackward& args, int64_t begin, int64_t end);
  void (*average_forward)(const AveragePoolForward& args, int64_t begin, int64_t end);
  void (*average_backward)(const AveragePoolBackward& args, int64_t begin, int64_t end);
};

// Of the active instruction set, see cpu_isa.h.
const PoolKernels& pool_kernels();

namespace avx2 {
extern const PoolKernels pool_kernels;
}
namespace avx512 {
extern const PoolKernels pool_kernels;
}

}  // namespace convoy::cpu
