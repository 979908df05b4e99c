// Layers of lists that move windows over pictures and sequences: conv1d, conv2d, max_pool1d, max_pool2d,
// average_pool1d, average_pool2d, global_max_pool, global_average_pool.
#pragma once

#include <vector>

#include "core/layers/pooling.h"
#include "core/layers/window.h"
#include "core/models/layer_item.h"
#include "core/ops/activation.h"

namespace convoy {

// A number along each direction of a picture, [height, width], or one for both; of a sequence there is one direction.
using PerDirection = std::vector<int64_t>;

template <bool kIsSequence>
struct ConvolutionItem final : LayerItem {
  int64_t channels = 1;
  PerDirection kernel{3}, stride{1}, dilation{1};
  WordOrNumbers padding{"valid", {}};
  Auto groups{1};  // absent: each channel alone
  Activation activation = Activation::none;
  bool bias = true;

  void describe(Keys& keys) override;
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<ConvolutionItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};
extern template struct ConvolutionItem<false>;
extern template struct ConvolutionItem<true>;

template <PoolKind kKind, bool kIsSequence>
struct PoolItem final : LayerItem {
  PerDirection window{2}, stride{};  // stride empty: the window's
  WordOrNumbers padding{"valid", {}};

  void describe(Keys& keys) override;
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<PoolItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override;
};
extern template struct PoolItem<PoolKind::max, false>;
extern template struct PoolItem<PoolKind::max, true>;
extern template struct PoolItem<PoolKind::average, false>;
extern template struct PoolItem<PoolKind::average, true>;

template <PoolKind kKind>
struct GlobalPoolItem final : LayerItem {
  void describe(Keys&) override {}
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<GlobalPoolItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override {
    return graph.add(name, std::make_unique<Pool>(PoolOptions{.name = name, .kind = kKind, .global = true}),
                     {inputs[0]})[0];
  }
};

}  // namespace convoy
