#include "core/ops/ops.h"

#include <algorithm>

namespace convoy {

void Ops::run(Stream& stream, const MatmulPair& args) {
  for (Matmul product : {args.first, args.second}) {
    product.scratch = args.scratch;
    run(stream, product);
  }
}

size_t Ops::scratch_bytes(const MatmulPair& args) const {
  return std::max(scratch_bytes(args.first), scratch_bytes(args.second));
}

}  // namespace convoy
