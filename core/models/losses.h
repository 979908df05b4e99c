// The losses of loss_kinds().
#pragma once

#include "core/models/loss.h"
#include "core/ops/pointwise_loss.h"

namespace convoy {

// Of classes.
struct CrossEntropyLoss final : Loss {
  double label_smoothing = 0;
  WordOrReals class_weights{"none", {}};
  Auto ignore_index;

  void describe(Keys& keys) override;
  void settle(const BatchField& target, const ModelData& data) override;
  void predict(std::span<float> outputs) const override;  // softmax
  bool predicts_probabilities() const override { return true; }
  std::unique_ptr<Loss> clone() const override { return std::make_unique<CrossEntropyLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};

// Of numbers: as many predictions as the target has.
template <LossRule kRule>
struct NumbersLoss : Loss {
  void describe(Keys&) override {}
  std::unique_ptr<Loss> clone() const override { return std::make_unique<NumbersLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};
using MseLoss = NumbersLoss<LossRule::squared>;
using MaeLoss = NumbersLoss<LossRule::absolute>;

struct HuberLoss final : Loss {
  double delta = 1;

  void describe(Keys& keys) override {
    keys("delta", delta, "", "distance from the target up to which it is squared",
         Allowed::from(kLeastReal, kMostReal));
  }
  std::unique_ptr<Loss> clone() const override { return std::make_unique<HuberLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};

// Of two classes, by one logit, that of class 1; or of numbers from 0 to 1, by a logit for each.
struct BinaryCrossEntropyLoss final : Loss {
  void describe(Keys&) override {}
  void predict(std::span<float> outputs) const override;  // sigmoid
  bool predicts_probabilities() const override { return true; }
  std::unique_ptr<Loss> clone() const override { return std::make_unique<BinaryCrossEntropyLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};

// Direct preference optimisation, of pairs of answers (core/ops/preference.h).
struct DpoLoss final : Loss {
  Preference terms;

  void describe(Keys& keys) override;
  std::unique_ptr<Loss> clone() const override { return std::make_unique<DpoLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
  const Preference* preference() const override { return &terms; }
  std::vector<std::string_view> metrics() const override;
};

}  // namespace convoy
