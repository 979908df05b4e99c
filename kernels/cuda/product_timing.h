// Which way to compute a product is the fastest on this GPU.
#pragma once

#include <optional>

#include "kernels/cuda/cuda_product.h"

namespace convoy::cuda {

// Computes made-up operands of the shape in every candidate way, several times each, and takes the least time of the
// stream; of equal ones the first. Allocates what the product works on, and frees it. Absent: there is no choice.
std::optional<ProductChoice> fastest_choice(Stream& stream, const CudaProductShape& shape,
                                            const CudaProduct::Options& options);

}  // namespace convoy::cuda
