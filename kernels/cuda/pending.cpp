#include "core/base/error.h"
#include "kernels/cuda/cuda_ops.h"

namespace convoy::cuda {
#define PENDING(Args) \
  void CudaOps::run(Stream&, const Args&) { throw InternalError(#Args " is not on CUDA"); }
#define PENDING_BYTES(Args) \
  size_t CudaOps::scratch_bytes(const Args&) const { return 0; }
}  // namespace convoy::cuda
