#include "kernels/cuda/cuda_ops.h"

#include "kernels/cuda/cuda_products.h"

namespace convoy::cuda {

CudaOps::CudaOps(const cudaDeviceProp& device, bool tf32)
    : products_(std::make_unique<CudaProducts>(device, tf32)), shared_bytes_limit_(device.sharedMemPerBlockOptin) {}

CudaOps::~CudaOps() = default;

void CudaOps::run(Stream& stream, const Matmul& args) { products_->run(stream, args); }

size_t CudaOps::scratch_bytes(const Matmul& args) const { return products_->scratch_bytes(args); }

}  // namespace convoy::cuda
