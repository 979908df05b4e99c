// Matrix products by cuBLASLt: a plan for every shape that is met, made once and kept.
#pragma once

#include <memory>

#include "core/device/stream.h"
#include "core/ops/matmul.h"

namespace convoy::cuda {

class CudaProducts {
 public:
  // Opens cuBLASLt, which wants a GPU, at the first product.
  explicit CudaProducts(bool tf32);
  ~CudaProducts();

  // Throws InternalError, naming shapes, if the tensors do not fit together or scratch is too small.
  void run(Stream& stream, const Matmul& args, const Tensor& scratch);
  static size_t scratch_bytes(const Matmul& args);

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
};

}  // namespace convoy::cuda
