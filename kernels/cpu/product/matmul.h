// The operators Matmul and MatmulPair on the CPU, apart from CpuOps so that it stands and is tested alone.
#pragma once

#include "core/device/stream.h"
#include "core/ops/matmul.h"

namespace convoy::cpu {

class ProductCache;

// Throws InternalError, naming both shapes, if the tensors do not fit together. Scratch is not needed: the inside of a
// tile works in memory of its thread, some 5 to 10 MB, which grows with the first call of a shape.
void run_matmul(ProductCache& products, Stream& stream, const Matmul& args);
// The threads go on from the tiles of one product to those of the other without waiting for each other.
void run_matmul(ProductCache& products, Stream& stream, const MatmulPair& args);

}  // namespace convoy::cpu
