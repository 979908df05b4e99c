#include "datasets/gguf/gguf_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace convoy {
namespace {

[[noreturn]] void refuse_gguf(const std::string& what) {
  throw ConfigError(fmt::format("{}, which no GGUF file can say; --format huggingface takes it", what));
}

const PeerArchitecture& architecture_of(const LlamaConfig& config) {
  switch (kind_of(config)) {
    case LlamaKind::llama:
    case LlamaKind::mistral:
      return *find_peer_architecture("llama");
    case LlamaKind::qwen2:
      return *find_peer_architecture("qwen2");
    case LlamaKind::qwen3:
      return *find_peer_architecture("qwen3");
    case LlamaKind::glm4:
      return *find_peer_architecture("glm4");
    case LlamaKind::glm:
      refuse_gguf("the model is a GLM, not one of llama, mistral, qwen2, qwen3 and glm4");
    case LlamaKind::none:
      break;
  }
  refuse_gguf("no published kind of model computes what this one does");
}

// ggml's numbers for what most of a file's tensors are.
uint32_t file_type(const BlockType& type) {
  constexpr std::pair<std::string_view, uint32_t> kNumbers[] = {
      {"f32", 0}, {"f16", 1}, {"q4_0", 2}, {"q8_0", 7}, {"bf16", 32}};
  for (const auto& [name, number] : kNumbers)
    if (name == type.name) return number;
  throw InternalError(fmt::format("no file is of type {}", type.name));
}

void add_scaling(const RotaryPositions& r, int64_t context, const std::string& prefix, GgufValues& values) {
  // Llama 3's is a tensor.
  if (r.scaling == RotaryScaling::none || r.scaling == RotaryScaling::llama3) return;
  values.emplace_back(prefix + "rope.scaling.type", std::string(to_name(r.scaling)));
  values.emplace_back(prefix + "rope.scaling.factor", static_cast<float>(r.factor));
  if (r.scaling == RotaryScaling::linear) return;
  RotaryPositions usual = r;
  usual.amplitude = {};
  if (std::abs(rotary_amplitude(r) - rotary_amplitude(usual)) > 1e-6)
    refuse_gguf(fmt::format("rotary.amplitude is {}, not the {} that follows from the factor", rotary_amplitude(r),
                            rotary_amplitude(usual)));
  values.emplace_back(prefix + "rope.scaling.original_context_length",
                      static_cast<uint32_t>(r.original_context > 0 ? r.original_context : context));
  values.emplace_back(prefix + "rope.scaling.yarn_beta_fast", static_cast<float>(r.beta_fast));
  values.emplace_back(prefix + "rope.scaling.yarn_beta_slow", static_cast<float>(r.beta_slow));
}

// Beyond the window such a file's readers would look at all that was before.
int64_t told_context(const LlamaConfig& config, std::vector<std::string>& notes) {
  if (config.window == 0 || config.window >= config.context) return config.context;
  notes.push_back(
      fmt::format("the file says a context of {}, the window, instead of {}: its readers know no window of this kind",
                  config.window, config.context));
  return config.window;
}

}  // namespace

GgufModel gguf_model(const LlamaConfig& config, const BlockType& type) {
  GgufModel model{&architecture_of(config), config, {}, {}};
  const std::string name(model.architecture->gguf), prefix = name + ".";
  GgufValues& values = model.values;
  const auto add = [&](const char* key, int64_t value) {
    values.emplace_back(prefix + key, static_cast<uint32_t>(value));
  };
  values.emplace_back("general.architecture", name);
  values.emplace_back("general.type", std::string("model"));
  values.emplace_back("general.file_type", file_type(type));
  values.emplace_back("general.quantization_version", uint32_t{2});
  add("context_length", told_context(config, model.notes));
  add("embedding_length", config.channels);
  add("block_count", config.layers);
  add("feed_forward_length", config.hidden);
  add("vocab_size", config.vocabulary);
  add("attention.head_count", config.heads);
  add("attention.head_count_kv", config.kv_heads);
  add("attention.key_length", config.head_dim);
  add("attention.value_length", config.head_dim);
  values.emplace_back(prefix + "attention.layer_norm_rms_epsilon", static_cast<float>(config.norm_eps));
  add("rope.dimension_count", config.rotary.turned(config.head_dim));
  values.emplace_back(prefix + "rope.freq_base", static_cast<float>(config.rotary.base));
  add_scaling(config.rotary, config.context, prefix, values);
  return model;
}

}  // namespace convoy
