#include "core/models/items/normalize_item.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/normalize.h"

namespace convoy {

void NormalizeItem::settle(const LayerNeeds& needs) {
  data_ = needs.data.name;
  field_ = needs.field;
  const auto found = needs.data.statistics.find(field_);
  statistics_ = found == needs.data.statistics.end() ? std::vector<ColumnStatistics>() : found->second;
}

ValueId NormalizeItem::add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const {
  const Value& x = graph.values()[static_cast<size_t>(inputs[0])];
  if (x.producer >= 0 || x.name != field_)
    throw ConfigError(
        fmt::format("layer {}: normalize knows the statistics of a field, its input is {}; put it first, before what "
                    "changes the field, or take batch_norm",
                    name, x.name));
  NormalizeOptions options{.name = name, .to = graph.compute_dtype()};
  if (statistics_.empty()) {
    options.mean = options.deviation = Initialisation::unknown(
        fmt::format("layer {}: {} does not tell mean and deviation of its field {}; import it with this version, write "
                    "them into its manifest.json (datasets/FORMAT.md: columns or channels), or take batch_norm instead "
                    "of normalize",
                    name, data_, field_));
  } else {
    std::vector<float> mean, deviation;
    for (const ColumnStatistics& column : statistics_) {
      mean.push_back(static_cast<float>(column.mean));
      deviation.push_back(static_cast<float>(column.deviation));
    }
    options.mean = Initialisation::given(std::move(mean));
    options.deviation = Initialisation::given(std::move(deviation));
  }
  return graph.add(name, std::make_unique<Normalize>(options), {inputs[0]})[0];
}

}  // namespace convoy
