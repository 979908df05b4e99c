#include "core/base/error.h"
#include "kernels/cuda/cuda_ops.h"

namespace convoy::cuda {
#define PENDING(Args) \
  void CudaOps::run(Stream&, const Args&) { throw InternalError(#Args " is not on CUDA"); }
PENDING(EmbeddingForward)
PENDING(EmbeddingBackward)
PENDING(DropoutApply)
PENDING(AdamW)
PENDING(Sum)
PENDING(SumSquares)
PENDING(ClipFactor)
PENDING(TreeSum)
PENDING(Statistics)
#define PENDING_BYTES(Args) \
  size_t CudaOps::scratch_bytes(const Args&) const { return 0; }
PENDING_BYTES(EmbeddingBackward)
}  // namespace convoy::cuda
