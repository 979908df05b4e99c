// The table of operators of a CUDA device: hand-written kernels, one .cu file per operator, and cuBLASLt for matrix
// products.
//
// Deterministic: no atomics on floating-point numbers, and the order of every sum is fixed by shapes.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "core/ops/ops.h"
#include "core/ops/optimizer_update.h"

namespace convoy::cuda {

class CudaProducts;  // cuBLASLt's plans by shape, kernels/cuda/cuda_products.h

class CudaOps final : public Ops {
 public:
  CudaOps(const cudaDeviceProp& device, bool tf32);
  ~CudaOps();

 private:
  template <class Rule>
  void add_update(void (*update)(Stream&, const OptimizerUpdate<Rule>&)) {
    add<OptimizerUpdate<Rule>>(update);
  }

  std::unique_ptr<CudaProducts> products_;
};

}  // namespace convoy::cuda
