#include "core/models/peer_config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/json_text.h"
#include "core/models/gpt2_family.h"
#include "core/models/kinds.h"
#include "core/models/llama_config_json.h"
#include "core/models/llama_family.h"

namespace convoy {
namespace {

constexpr const char* kSupported =
    "GPT2LMHeadModel, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, GlmForCausalLM, "
    "Glm4ForCausalLM";

// architectures, or model_type where there are none.
std::string architecture_of(const nlohmann::json& json) {
  if (json.contains("architectures") && json["architectures"].is_array() && !json["architectures"].empty() &&
      json["architectures"][0].is_string())
    return json["architectures"][0].get<std::string>();
  return json.contains("model_type") && json["model_type"].is_string() ? json["model_type"].get<std::string>() : "";
}

Gpt2Config gpt2_from(const nlohmann::json& json) {
  const auto number = [&](const char* key) {
    if (!json.contains(key) || !json[key].is_number_integer() || json[key].get<int64_t>() < 1)
      throw CheckpointError(fmt::format("config.json: {} is {}; a whole number from 1 on is wanted", key,
                                        json.contains(key) ? json[key].dump() : std::string("missing")));
    return json[key].get<int64_t>();
  };
  Gpt2Config c;
  c.layers = number("n_layer"), c.heads = number("n_head"), c.channels = number("n_embd");
  c.context = number("n_positions"), c.vocabulary = number("vocab_size");
  const auto inner = json.value("n_inner", nlohmann::json());
  const auto activation = json.value("activation_function", nlohmann::json("gelu_new"));
  if ((!inner.is_null() && inner != 4 * c.channels) ||
      (activation != "gelu_new" && activation != "gelu_pytorch_tanh") ||
      json.value("scale_attn_by_inverse_layer_idx", nlohmann::json(false)) != false)
    throw CheckpointError(
        "config.json: a GPT-2 of another form; n_inner of 4 n_embd, activation_function gelu_new and no "
        "scale_attn_by_inverse_layer_idx are wanted");
  return c;
}

}  // namespace

FamilyChoice family_from_config_json(const std::string& config_json) {
  nlohmann::json json;
  try {
    json = parse_json(config_json);
  } catch (const std::exception& error) {
    throw CheckpointError(fmt::format("config.json is no JSON: {}", error.what()));
  }
  if (!json.is_object()) throw CheckpointError("config.json holds no object; the one beside the weights is wanted");
  const std::string architecture = architecture_of(json);
  if (architecture == "GPT2LMHeadModel" || architecture == "gpt2") {
    FamilyChoice choice(family_kinds(), "gpt2");
    auto& family = *choice.as<Gpt2Family>();
    family.sizes = gpt2_from(json);
    family.tokens.value = family.sizes.vocabulary;
    return choice;
  }
  const LlamaKind kind = llama_kind_named(architecture);
  if (kind == LlamaKind::none)
    throw CheckpointError(fmt::format("config.json: the architecture is {}; supported are {}",
                                      architecture.empty() ? "not said" : architecture, kSupported));
  FamilyChoice choice(family_kinds(), "llama");
  choice.as<LlamaFamily>()->set(llama_from_config_json(kind, json));
  return choice;
}

}  // namespace convoy
