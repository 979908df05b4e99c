// The layer `normalize` of lists.
#pragma once

#include <vector>

#include "core/models/layer_item.h"

namespace convoy {

// By the statistics of the field that it reads: columns of a table, colours of pictures. core/layers/normalize.h.
class NormalizeItem final : public LayerItem {
 public:
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<NormalizeItem>(*this); }
  void settle(const LayerNeeds& needs) override;
  bool reads(DType dtype) const override { return LayerItem::reads(dtype) || dtype == DType::u8; }
  bool converts() const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;

 private:
  // Of the data that the model is settled for.
  std::string data_, field_;
  std::vector<ColumnStatistics> statistics_;  // of the field; empty: not known
};

}  // namespace convoy
