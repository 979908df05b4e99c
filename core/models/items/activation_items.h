// Activations as layers of lists: relu, {leaky_relu: {slope: 0.2}}.
#pragma once

#include "core/layers/activation.h"
#include "core/models/layer_item.h"

namespace convoy {

template <Activation kKind>
struct ActivationItem final : LayerItem {
  double number = static_cast<double>(default_number(kKind));

  void describe(Keys& keys) override {
    if constexpr (kKind == Activation::leaky_relu) keys("slope", number, "", "below zero", Allowed::from(0, 1));
    if constexpr (kKind == Activation::elu)
      keys("alpha", number, "", "minus this is what large negative numbers become", Allowed::from(0, 1000));
    static_cast<void>(keys);
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<ActivationItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override {
    return graph.add(name, std::make_unique<Activate>(kKind, static_cast<float>(number)), {inputs[0]})[0];
  }
};

}  // namespace convoy
