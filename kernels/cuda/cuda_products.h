// Matrix products by cuBLASLt: a plan for every shape that is met, made once and kept.
#pragma once

#include <memory>

#include "core/device/stream.h"
#include "core/ops/matmul.h"
#include "core/ops/ops.h"

namespace convoy::cuda {

class CudaProducts {
 public:
  // Opens cuBLASLt, which wants a GPU, at the first product.
  explicit CudaProducts(bool tf32);
  ~CudaProducts();

  // Throws InternalError, naming shapes, if the tensors do not fit together or scratch is too small.
  void run(Stream& stream, const Matmul& args, const Tensor& scratch);
  // Notes the shapes of planned tensors, for choose_by_time().
  size_t scratch_bytes(const Matmul& args);

  // As Ops has them.
  void choose_by_time(Stream& stream);
  OperatorChoices choices() const;
  size_t adopt(const OperatorChoices& choices);

 private:
  struct Plans;
  std::unique_ptr<Plans> plans_;
};

}  // namespace convoy::cuda
