// An item of the list of layers that a config writes, which is one of
//
//   linear: {units: 10, name: top, from: stem}     a layer; `name` and `from` may be left out
//   relu                                           the same without keys
//   {name: stem}                                   a name for the value so far
//   {repeat: 2, layers: [...]}                     layers one behind the other, twice, each time with weights of its
//   own
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/models/layer_item.h"

namespace convoy {

class ListedLayer final : public AnyChoice {
 public:
  using Table = std::span<const LayerItemKind>;
  enum class Form { layer, mark, repeat };

  // The table outlives it.
  explicit ListedLayer(Table table) : table_(table), item(table, table.front().name) {}

  std::vector<KindText> kinds() const override;
  std::string_view name() const override;
  void choose(std::string_view name) override;
  void describe(Keys& keys) override;
  std::unique_ptr<AnyChoice> copy() const override { return std::make_unique<ListedLayer>(*this); }

  // "linear", "2 x (conv2d, relu)"; empty: a mark.
  std::string summary() const;

 private:
  Table table_;

 public:
  Form form = Form::layer;
  LayerItemChoice item;
  std::string label;              // of the layer, or the mark; empty: it has none
  std::vector<std::string> from;  // names of its inputs, `.` is the value so far; empty: that one
  int64_t times = 1;
  std::vector<ListedLayer> layers;  // that are repeated
};

// "conv2d, 2 x (linear, relu)"
std::string summary_of(const std::vector<ListedLayer>& layers);

}  // namespace convoy
