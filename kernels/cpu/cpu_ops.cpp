#include "kernels/cpu/cpu_ops.h"

#include "kernels/cpu/matmul.h"
#include "kernels/cpu/product_cache.h"

namespace convoy::cpu {

CpuOps::CpuOps() : products_(std::make_unique<ProductCache>()) {}
CpuOps::~CpuOps() = default;

void CpuOps::run(Stream& stream, const Matmul& args) { run_matmul(*products_, stream, args); }
void CpuOps::run(Stream& stream, const MatmulPair& args) { run_matmul(*products_, stream, args); }

}  // namespace convoy::cpu
