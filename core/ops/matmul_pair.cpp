#include "core/ops/matmul_pair.h"

#include <algorithm>

namespace convoy {

void run_in_turn(Ops& ops, Stream& stream, const MatmulPair& args, const Tensor& scratch) {
  ops.run(stream, args.first, scratch);
  ops.run(stream, args.second, scratch);
}

size_t scratch_bytes_in_turn(const Ops& ops, const MatmulPair& args) {
  return std::max(ops.scratch_bytes(args.first), ops.scratch_bytes(args.second));
}

}  // namespace convoy
