// An optimizer that steps along whole matrices, as Muon does: what hidden matrices do with a gradient depends on all of
// it. It treats hidden matrices alone; what else learns is left to an optimizer that works element by element.
//
// A step of a group of matrices: direction() of what each rank owns, into memory where the ranks' directions come
// together; step() of every matrix of which the rank owns some, in place; update() of what it owns, with the step in
// the place of the gradient. MatrixUpdate does it.
#pragma once

#include "core/optimizer/optimizer.h"

namespace convoy {

// Of what a step works in, in bytes.
inline constexpr size_t kStepAlignment = 256;

class MatrixOptimizer : public Optimizer {
 public:
  const MatrixOptimizer* of_matrices() const override { return this; }
  // Of what is no hidden matrix. Element by element, and as long there as this.
  virtual const Optimizer& rest() const = 0;

  // Writes direction (n) f32, which may be the gradient's memory, and updates the states. If the factor of t is NaN
  // nothing is written.
  virtual void direction(Ops& ops, Stream& stream, const UpdateTensors& t, const Tensor& direction) const = 0;
  // A direction (rows, columns) f32 becomes the step along which update() goes. Its bits depend on the direction alone.
  // workspace: step_bytes() u8, at a multiple of kStepAlignment.
  virtual void step(Ops& ops, Stream& stream, const Tensor& matrix, const Tensor& workspace) const = 0;
  virtual size_t step_bytes(const Ops& ops, int64_t rows, int64_t columns) const = 0;
};

}  // namespace convoy
