// Peak rates of matrix products on known GPUs, from NVIDIA's data sheets: dense, without sparsity.
#pragma once

#include <string_view>

namespace convoy::cuda {

struct PeakFlops {
  double f32 = 0, tf32 = 0, bf16 = 0;  // operations a second
};

// By the name that the driver gives, "NVIDIA H100 80GB HBM3"; zeros if it is not known.
PeakFlops peak_flops_of(std::string_view device_name);

}  // namespace convoy::cuda
