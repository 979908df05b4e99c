// An optimizer of our own: a step of a fixed length against the sign of the gradient, and a state that counts them.
#pragma once

#include "core/optimizer/makers.h"
#include "core/optimizer/optimizer.h"

namespace convoy::test {

class SignOptimizer final : public Optimizer {
 public:
  explicit SignOptimizer(double lr) : lr_(lr) {}

  std::string_view name() const override { return "sign"; }
  std::vector<std::string> states() const override { return {"steps"}; }
  double learning_rate() const override { return lr_; }
  double weight_decay() const override { return 0; }
  std::vector<float> numbers(int64_t, double lr) const override { return {static_cast<float>(lr)}; }
  std::string missing(const Ops&) const override { return {}; }
  void update(Ops& ops, Stream& stream, const UpdateTensors& tensors) const override;

 private:
  double lr_;
};

struct SignMaker final : MakerOf<SignMaker, Optimizer> {
  double lr = 0.01;
  void describe(Keys& keys) override { describe_lr(keys, lr); }
  std::unique_ptr<Optimizer> make() const override { return std::make_unique<SignOptimizer>(lr); }
};

}  // namespace convoy::test
