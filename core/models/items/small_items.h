// Layers of lists that compute a little: add, multiply, dropout, softmax, layer_norm, rms_norm, embedding, image.
#pragma once

#include <cstdint>

#include "core/models/layer_item.h"
#include "core/ops/norm.h"

namespace convoy {

struct AddItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<AddItem>(*this); }
  bool joins() const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

struct MultiplyItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<MultiplyItem>(*this); }
  bool joins() const override { return true; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

struct DropoutItem final : LayerItem {
  double p = 0.5;

  void describe(Keys& keys) override {
    keys("p", p, "", "probability that an element is left out in training", Allowed::from_to_below(0, 1));
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<DropoutItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

struct SoftmaxItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<SoftmaxItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

template <NormKind kKind>
struct NormItem final : LayerItem {
  double eps = 1e-5;

  void describe(Keys& keys) override {
    keys("eps", eps, "", "added to what is divided by, squared", Allowed::from(kLeastReal, 1));
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<NormItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

// A vector for each category.
struct EmbeddingItem final : LayerItem {
  Auto categories;  // absent: as many as the data says
  int64_t units = 8;

  void describe(Keys& keys) override {
    keys("categories", categories, "", "that there are, at least as many as the data knows; data: as many",
         Allowed::from(1, 1e9).or_word("data"));
    keys("units", units, "units", "numbers of a category's vector", Allowed::from(1, 1048576));
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<EmbeddingItem>(*this); }
  void settle(const LayerNeeds& needs) override;
  bool reads(DType dtype) const override { return dtype == DType::i32; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

// Pictures of bytes as numbers.
struct ImageItem final : LayerItem {
  double scale = 1.0 / 255, shift = 0;

  void describe(Keys& keys) override {
    keys("scale", scale, "", "that bytes are multiplied by", Allowed::from(-kMostReal, kMostReal));
    keys("shift", shift, "", "that is added then", Allowed::from(-kMostReal, kMostReal));
  }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<ImageItem>(*this); }
  bool reads(DType dtype) const override { return dtype == DType::u8; }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};

}  // namespace convoy
