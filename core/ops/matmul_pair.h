// MatmulPair for devices that do not run two products side by side: one after the other, in the same scratch.
#pragma once

#include "core/ops/matmul.h"
#include "core/ops/ops.h"

namespace convoy {

void run_in_turn(Ops& ops, Stream& stream, const MatmulPair& args, const Tensor& scratch);
size_t scratch_bytes_in_turn(const Ops& ops, const MatmulPair& args);

}  // namespace convoy
