// The CPU's table of operators: the specification that other devices are tested against, and fast enough to train with.
//
// Panels of our own and oneDNN multiply; everything else is SIMD under OpenMP. The order of every sum follows from
// shapes alone, so that results have the same bits for any number of threads.
#pragma once

#include <memory>

#include "core/ops/ops.h"

namespace convoy::cpu {

class ProductCache;  // compiled products by shape, kernels/cpu/product/cache.h

class CpuOps final : public Ops {
 public:
  CpuOps();
  ~CpuOps() override;

 private:
  std::unique_ptr<ProductCache> products_;
};

}  // namespace convoy::cpu
