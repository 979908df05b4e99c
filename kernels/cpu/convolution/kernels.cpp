#include "kernels/cpu/convolution/kernels.h"

#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {

const ConvolutionKernels& convolution_kernels() {
  return active_isa() == Isa::avx2 ? avx2::convolution_kernels : avx512::convolution_kernels;
}

}  // namespace convoy::cpu
