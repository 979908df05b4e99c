#include "core/layers/padded_table.h"

#include "core/base/integers.h"

namespace convoy {

Tensor padded_table(Pass& pass, const Tensor& weight) {
  const int64_t V = weight.shape[0], columns = round_up(V, pass.ops.preferred_matrices().column_unit);
  if (columns == V) return weight;
  const Tensor copy = pass.scratch.take(weight.dtype, {columns, weight.shape[1]});
  const Tensor rest = copy.rows(V, columns - V);
  pass.copy(copy.rows(0, V), weight);
  pass.zero(rest);
  return copy;
}

}  // namespace convoy
