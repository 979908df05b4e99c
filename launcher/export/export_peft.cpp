#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/json_text.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/safetensors.h"
#include "launcher/export/export_formats.h"
#include "launcher/export/merge_adapter.h"
#include "launcher/new_output.h"
#include "launcher/usage_error.h"

namespace convoy {
namespace {

constexpr const char* kPrefix = "base_model.model.";  // before a module's name in an adapter's file

std::string last_word(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// The last words of the names where they say which are adapted, else the names.
std::set<std::string> target_modules(const std::vector<PeerMap>& maps) {
  std::set<std::string> words, names;
  for (const PeerMap& map : maps)
    if (map.adapted) words.insert(last_word(map.name)), names.insert(map.name);
  const bool clear = std::ranges::none_of(
      maps, [&](const PeerMap& map) { return !map.adapted && words.contains(last_word(map.name)); });
  return clear ? words : names;
}

std::string adapter_config(const TrainedModel& model) {
  const auto* lora = model.config.model.adapter.kind.as<LoraMaker>();
  const std::vector<PeerMap> maps = peer_maps(model);
  nlohmann::ordered_json json = {
      {"peft_type", "LORA"},
      {"task_type", "CAUSAL_LM"},
      {"base_model_name_or_path", std::filesystem::absolute(model.base->folder()).lexically_normal().string()},
      {"r", lora->rank},
      {"lora_alpha", lora->alpha},
      {"lora_dropout", lora->dropout},
      {"use_rslora", lora->scaling == AdapterScaling::rs},
      {"target_modules", target_modules(maps)},
      {"fan_in_fan_out", std::ranges::none_of(maps, &PeerMap::by_outputs)},
      {"bias", "none"},
      {"inference_mode", true},
      {"init_lora_weights", true},
      {"modules_to_save", nullptr}};
  if (lora->alpha == std::floor(lora->alpha)) json["lora_alpha"] = static_cast<int64_t>(lora->alpha);
  return json_text(json, 2) + "\n";
}

void check_request(const TrainedModel& model, const ModelExport& request) {
  if (!request.type.empty()) throw UsageError("--type is of --format gguf; an adapter stays as it is");
  if (model.base == nullptr)
    throw ConfigError(
        fmt::format("{} has no adapter, which is all that --format peft writes; --format huggingface writes the model",
                    model.checkpoint->folder().string()));
  if (model.config.model.family->peer_config(DType::f32, -1).empty())
    throw ConfigError(
        fmt::format("the model in {} is of the family {} in a form that no model of Hugging Face's library has: PEFT "
                    "could not put its adapter beside one",
                    model.checkpoint->folder().string(), model.config.model.family.name()));
}

}  // namespace

ExportedModel export_peft(const TrainedModel& model, const ModelExport& request, const ModelProgress&) {
  check_request(model, request);
  const SafetensorsReader adapters(weights_path_in(model.checkpoint->folder()));
  std::vector<NamedTensor> tensors;
  for (const auto& [name, entry] : adapters.entries()) {
    NamedTensor tensor{kPrefix + name, {nullptr, entry.dtype, entry.shape}};
    tensor.rows = [&adapters, &entry = entry](int64_t first, int64_t count, void* out) {
      adapters.read(entry, first * entry.shape[1], count * entry.shape[1], out);
    };
    tensors.push_back(std::move(tensor));
  }
  NewOutput folder(request.out);
  make_folder(folder.path());
  write_safetensors(folder.path() / "adapter_model.safetensors", std::move(tensors));
  write_model_file(folder.path() / "adapter_config.json", adapter_config(model));
  folder.commit();
  return {
      fmt::format("a PEFT adapter of {}, {}", model.config.model.family.name(), model.config.model.family->summary()),
      {fmt::format("it stands beside the model in {}", model.base->folder().string())}};
}

}  // namespace convoy
