#include "kernels/cpu/simd/kernels.h"

#include "kernels/cpu/cpu_isa.h"
#include "kernels/cpu/simd/elementwise_kernels.h"
#include "kernels/cpu/simd/update_kernels.h"

namespace convoy::cpu {

const RowKernels& row_kernels() { return active_isa() == Isa::avx2 ? avx2::row_kernels : avx512::row_kernels; }

const RangeKernels& range_kernels() { return active_isa() == Isa::avx2 ? avx2::range_kernels : avx512::range_kernels; }

const ElementwiseKernels& elementwise_kernels() {
  return active_isa() == Isa::avx2 ? avx2::elementwise_kernels : avx512::elementwise_kernels;
}

const UpdateKernels& update_kernels() {
  return active_isa() == Isa::avx2 ? avx2::update_kernels : avx512::update_kernels;
}

const AttentionKernels& attention_kernels() {
  return active_isa() == Isa::avx2 ? avx2::attention_kernels : avx512::attention_kernels;
}

}  // namespace convoy::cpu
