// The family of models that are written as a list of layers in the config (core/models/listed_layer.h).
//
//   model: {family: layers, layers: [{linear: {units: 64}}, relu, {linear: {units: classes}}]}
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/models/family.h"
#include "core/models/listed_layer.h"

namespace convoy {

class LayersFamily final : public Family {
 public:
  LayersFamily();
  explicit LayersFamily(std::span<const LayerItemKind> kinds);

  void describe(Keys& keys) override;
  std::unique_ptr<Family> clone() const override { return std::make_unique<LayersFamily>(*this); }
  void settle(const ModelData& data, Loss& loss) override;
  std::string summary() const override { return summary_of(layers); }
  Graph loss_graph(const GraphNeeds& needs) const override;

  std::string input = "x", target = "y";
  std::vector<ListedLayer> layers;

 private:
  std::span<const LayerItemKind> kinds_;
  std::vector<BatchField> fields_;  // of the settled family: all that the data has
};

}  // namespace convoy
