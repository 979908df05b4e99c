// The losses of loss_kinds().
#pragma once

#include "core/models/loss.h"

namespace convoy {

struct CrossEntropyLoss final : Loss {
  void describe(Keys&) override {}
  std::unique_ptr<Loss> clone() const override { return std::make_unique<CrossEntropyLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};

struct MseLoss final : Loss {
  void describe(Keys&) override {}
  std::unique_ptr<Loss> clone() const override { return std::make_unique<MseLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData& data) const override;
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override;
};

}  // namespace convoy
