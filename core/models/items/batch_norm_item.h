// The layer `batch_norm` of lists.
#pragma once

#include "core/models/layer_item.h"

namespace convoy {

// Of the innermost extent: core/layers/batch_norm.h.
struct BatchNormItem final : LayerItem {
  double momentum = 0.1, eps = 1e-5;
  bool scale = true, bias = true;

  void describe(Keys& keys) override {
    keys("momentum", momentum, "", "weight of a step in the running averages", Allowed::above_to(0, 1));
    keys("eps", eps, "", "added to the variance", Allowed::from(1e-12, 1));
    keys("scale", scale, "", "multiply by learned weights");
    keys("bias", bias, "", "add learned weights");
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<BatchNormItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

}  // namespace convoy
