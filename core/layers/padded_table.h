// A table of rows, a vocabulary's, as the device likes it for products: with rows of zeros behind it.
#pragma once

#include "core/layers/pass.h"
#include "core/tensor/tensor.h"

namespace convoy {

// The weight (V, C), or a copy in the pass's scratch with as many rows as logits shall have columns
// (PreferredMatrices::column_unit).
Tensor padded_table(Pass& pass, const Tensor& weight);

}  // namespace convoy
