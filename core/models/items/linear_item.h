// The layer `linear` of lists.
#pragma once

#include "core/models/layer_item.h"
#include "core/ops/activation.h"

namespace convoy {

// y = activation(x W + b) of the innermost extent.
struct LinearItem final : LayerItem {
  Auto units{1};  // absent: as many as the loss wants
  Activation activation = Activation::none;
  bool bias = true;

  void describe(Keys& keys) override {
    keys("units", units, "units", "outputs; classes: as many as the data has classes, or numbers in its target",
         Allowed::from(1, 16777216).or_word("classes"));
    keys("activation", activation, "", "of the outputs; computed with the product, where a layer of its own is not");
    keys("bias", bias, "", "whether a number is added to each output");
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<LinearItem>(*this); }
  void settle(const LayerNeeds& needs) override { units.value = units.value_or(needs.outputs); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

}  // namespace convoy
