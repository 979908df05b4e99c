// The table of operators of a CUDA device: hand-written kernels, one .cu file per operator, and cuBLASLt for matrix
// products.
//
// Deterministic: no atomics on floating-point numbers, and the order of every sum is fixed by shapes.
#pragma once

#include <memory>

#include "core/ops/ops.h"
#include "core/ops/optimizer_update.h"

namespace convoy::cuda {

class CudaProducts;  // cuBLASLt's plans by shape, kernels/cuda/cuda_products.h

class CudaOps final : public Ops {
 public:
  // Needs no GPU until an operator runs: scratch follows from shapes alone. shared_bytes_limit: of a block that asks
  // for all it can get.
  CudaOps(size_t shared_bytes_limit, bool tf32);
  ~CudaOps() override;

  void choose_by_time(Stream& stream) override;
  OperatorChoices choices() const override;
  size_t adopt(const OperatorChoices& choices) override;

 private:
  template <class Rule>
  void add_update(void (*update)(Stream&, const OptimizerUpdate<Rule>&)) {
    add<OptimizerUpdate<Rule>>(update);
  }

  std::unique_ptr<CudaProducts> products_;
};

}  // namespace convoy::cuda
