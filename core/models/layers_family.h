// The family of models that are written as a list of layers in the config.
//
//   model: {family: layers, layers: [{linear: {units: 1}}]}
//
// Parameters are named by the place of their layer in the list: layers.0.linear.weight.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/models/family.h"
#include "core/models/layer_item.h"

namespace convoy {

class LayersFamily final : public Family {
 public:
  LayersFamily();
  explicit LayersFamily(std::span<const LayerItemKind> kinds);

  void describe(Keys& keys) override;
  std::unique_ptr<Family> clone() const override { return std::make_unique<LayersFamily>(*this); }
  void settle(const ModelData& data, const Loss& loss) override;
  std::string summary() const override;
  Graph loss_graph(const GraphNeeds& needs) const override;

  std::string input = "x", target = "y";
  std::vector<LayerItemChoice> layers;

 private:
  const BatchField& field(const ModelData& data, const std::string& key, const std::string& name) const;

  std::span<const LayerItemKind> kinds_;
  std::vector<BatchField> fields_;  // of the settled family: input, then target
};

}  // namespace convoy
