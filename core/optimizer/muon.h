// Muon, Jordan et al. (2024), as Liu et al., arXiv:2502.16982, scale it: momentum whose singular values are brought
// near 1 by five steps of a Newton-Schulz iteration,
//   b = momentum b + g;   d = g + momentum b
//   x = d / ||d||;   x = c0 x + c1 (x x^T) x + c2 (x x^T)^2 x, so many times
//   w = w - lr (0.2 sqrt(max(rows, columns)) x + weight_decay w)
// so that a step is as long as AdamW's with the same learning rate. AdamW updates what is no hidden matrix.
#pragma once

#include <memory>

#include "core/optimizer/makers.h"
#include "core/optimizer/matrix_optimizer.h"
#include "core/optimizer/rules/muon.h"

namespace convoy {

class Muon final : public MatrixOptimizer {
 public:
  Muon(const MuonMaker& keys, std::unique_ptr<Optimizer> rest);

  std::string_view name() const override { return "muon"; }
  std::vector<std::string> states() const override { return {"momentum"}; }
  double learning_rate() const override { return lr_; }
  double weight_decay() const override { return weight_decay_; }
  std::vector<float> numbers(int64_t t, double lr) const override;
  std::string missing(const Ops& ops) const override;
  const Optimizer& rest() const override { return *rest_; }

  void direction(Ops& ops, Stream& stream, const UpdateTensors& t, const Tensor& direction) const override;
  void step(Ops& ops, Stream& stream, const Tensor& matrix, const Tensor& workspace) const override;
  size_t step_bytes(const Ops& ops, int64_t rows, int64_t columns) const override;
  void update(Ops& ops, Stream& stream, const UpdateTensors& t) const override;

 private:
  struct Work;

  const double lr_, weight_decay_;
  const rules::MuonDirection direction_;
  const int64_t steps_;
  const DType dtype_;  // of the iteration
  const std::unique_ptr<Optimizer> rest_;
};

}  // namespace convoy
