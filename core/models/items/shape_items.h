// Layers of lists that move numbers and compute none: flatten, reshape, concat.
#pragma once

#include <cstdint>
#include <vector>

#include "core/models/layer_item.h"

namespace convoy {

// All elements of a sample in a row.
struct FlattenItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<FlattenItem>(*this); }
  bool reads(DType) const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

struct ReshapeItem final : LayerItem {
  std::vector<int64_t> shape{-1};

  void describe(Keys& keys) override;
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<ReshapeItem>(*this); }
  bool reads(DType) const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

struct ConcatItem final : LayerItem {
  int64_t axis = -1;

  void describe(Keys& keys) override {
    keys("axis", axis, "", "of a sample, along which they lie: 0 is the first, -1 the innermost", Allowed::from(-4, 3));
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<ConcatItem>(*this); }
  bool joins() const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

}  // namespace convoy
