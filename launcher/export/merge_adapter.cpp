#include "launcher/export/merge_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/safetensors.h"
#include "launcher/model_choice.h"

namespace convoy {
namespace {

// What one adapter adds to a weight.
struct Addition {
  std::vector<float> a, b;  // (r, inputs), (outputs, r)
  int64_t rank = 0, inputs = 0, outputs = 0;
  bool by_outputs = true;
  float scale = 1;

  float at(int64_t row, int64_t column) const {
    const int64_t output = by_outputs ? row : column, input = by_outputs ? column : row;
    float sum = 0;
    for (int64_t j = 0; j < rank; ++j)
      sum += b[static_cast<size_t>(output * rank + j)] * a[static_cast<size_t>(j * inputs + input)];
    return scale * sum;
  }
};

std::vector<float> floats_of(const SafetensorsReader& reader, const std::string& name) {
  const Shape& shape = reader.entry(name).shape;
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  reader.read(name, {values.data(), DType::f32, shape});
  return values;
}

Addition addition_of(const PeerMap& map, const SafetensorsReader& adapters, float scale) {
  const Shape& a = adapters.entry(map.name + ".lora_A.weight").shape;
  const Shape& b = adapters.entry(map.name + ".lora_B.weight").shape;
  return {.a = floats_of(adapters, map.name + ".lora_A.weight"),
          .b = floats_of(adapters, map.name + ".lora_B.weight"),
          .rank = a[0],
          .inputs = a[1],
          .outputs = b[0],
          .by_outputs = map.by_outputs,
          .scale = scale};
}

// Rows from `first` on, in place.
template <class Real>
void add_to(std::span<Real> values, const Addition& addition, int64_t first) {
  const int64_t columns = addition.by_outputs ? addition.inputs : addition.outputs;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    values[i] = Real(static_cast<float>(values[i]) + addition.at(first + at / columns, at % columns));
  }
}

void add_rows(void* out, DType dtype, const Addition& addition, int64_t first, int64_t elements) {
  const auto count = static_cast<size_t>(elements);
  if (dtype == DType::f32) return add_to(std::span(static_cast<float*>(out), count), addition, first);
  if (dtype == DType::bf16) return add_to(std::span(static_cast<bf16*>(out), count), addition, first);
  if (dtype == DType::f16) {
    auto* halves = static_cast<uint16_t*>(out);
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = float_of_half(halves[i]);
    add_to(std::span(values), addition, first);
    for (size_t i = 0; i < count; ++i) halves[i] = half_of_float(values[i]);
    return;
  }
  throw CheckpointError(fmt::format("a weight of dtype {} takes no adapter", name_of(dtype)));
}

}  // namespace

std::vector<PeerMap> peer_maps(const TrainedModel& model) {
  const SafetensorsReader adapters(weights_path_in(model.checkpoint->folder()));
  const Graph graph = make_loss_graph(model.config);
  std::vector<PeerMap> maps;
  const auto add = [&](std::string name, bool by_outputs) {
    name.resize(name.size() - std::string_view(".weight").size());
    const bool adapted = adapters.entries().contains(name + ".lora_A.weight");
    maps.push_back({std::move(name), by_outputs, adapted});
  };
  for (const Node& node : graph.nodes())
    for (const LinearMap& map : node.layer->linear_maps()) {
      const auto weight = std::ranges::find(node.plan.parameters, map.weight, &ParameterSpec::name);
      for (const StoredPiece& piece : weight->stored) add(piece.name, map.by_outputs != piece.transposed);
      if (weight->stored.empty()) add(weight->name, map.by_outputs);
    }
  return maps;
}

std::filesystem::path base_weights(const TrainedModel& model) {
  const std::filesystem::path& folder = model.base->folder();
  return model.base->has_average() ? average_path_in(folder) : weights_path_in(folder);
}

void write_merged(const TrainedModel& model, const std::filesystem::path& path, const ModelProgress& progress) {
  const SafetensorsReader base(base_weights(model)), adapters(weights_path_in(model.checkpoint->folder()));
  const auto scale = static_cast<float>(model.config.model.adapter.rule()->scale);
  std::map<std::string, std::shared_ptr<const Addition>> additions;
  for (const PeerMap& map : peer_maps(model))
    if (map.adapted)
      additions[map.name + ".weight"] = std::make_shared<const Addition>(addition_of(map, adapters, scale));
  int64_t all = 0, done = 0;
  std::vector<NamedTensor> tensors;
  for (const auto& [name, entry] : base.entries()) {
    all += entry.end - entry.begin;
    const auto found = additions.find(name);
    const std::shared_ptr<const Addition> addition = found == additions.end() ? nullptr : found->second;
    NamedTensor tensor{name, {nullptr, entry.dtype, entry.shape}};
    tensor.rows = [&, addition, name = name](int64_t first, int64_t count, void* out) {
      const SafetensorsReader::Entry& of = base.entry(name);
      const int64_t row = of.shape.dims() == 0 ? 1 : of.shape.elements() / of.shape[0];
      base.read(of, first * row, count * row, out);
      if (addition) add_rows(out, of.dtype, *addition, first, count * row);
      done += count * row * static_cast<int64_t>(size_of(of.dtype));
      progress(done, all);
    };
    tensors.push_back(std::move(tensor));
  }
  write_safetensors(path, std::move(tensors), base.metadata());
}

}  // namespace convoy
