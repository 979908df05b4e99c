#include "core/models/llama_config_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/json_text.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

struct PeerModel {
  LlamaKind kind;
  const char *model_type, *architecture;
};
constexpr std::array kPeerModels = {
    PeerModel{LlamaKind::llama, "llama", "LlamaForCausalLM"},
    PeerModel{LlamaKind::mistral, "mistral", "MistralForCausalLM"},
    PeerModel{LlamaKind::qwen2, "qwen2", "Qwen2ForCausalLM"},
    PeerModel{LlamaKind::qwen3, "qwen3", "Qwen3ForCausalLM"},
    PeerModel{LlamaKind::glm, "glm", "GlmForCausalLM"},
    PeerModel{LlamaKind::glm4, "glm4", "Glm4ForCausalLM"},
};

// null where positions are not stretched.
Json rope_scaling_json(const LlamaConfig& model) {
  const RotaryPositions& r = model.rotary;
  if (r.scaling == RotaryScaling::none) return {};
  Json json = {{"rope_type", to_name(r.scaling)}, {"factor", r.factor}};
  if (r.scaling == RotaryScaling::linear) return json;
  json["original_max_position_embeddings"] = r.original_context > 0 ? r.original_context : model.context;
  if (r.scaling == RotaryScaling::llama3) {
    json["low_freq_factor"] = r.low_frequency_factor;
    json["high_freq_factor"] = r.high_frequency_factor;
  } else {
    json["beta_fast"] = r.beta_fast;
    json["beta_slow"] = r.beta_slow;
    json["attention_factor"] = rotary_amplitude(r);
  }
  return json;
}

// What the kinds have beside what is common.
void add_own(LlamaKind kind, const LlamaConfig& model, Json& json) {
  if (kind == LlamaKind::llama) json["attention_bias"] = false, json["mlp_bias"] = false;
  if (kind == LlamaKind::mistral) json["sliding_window"] = model.window;
  if (kind == LlamaKind::glm || kind == LlamaKind::glm4) {
    json["attention_bias"] = model.qkv_bias;
    json["partial_rotary_factor"] = model.rotary.fraction;
    json["pad_token_id"] = nullptr;
  }
  if (kind == LlamaKind::qwen3) json["attention_bias"] = false;
  if (kind != LlamaKind::qwen2 && kind != LlamaKind::qwen3) return;
  json["use_sliding_window"] = model.window > 0;
  json["sliding_window"] = model.window > 0 ? Json(model.window) : Json();
  json["max_window_layers"] = model.window > 0 ? 0 : model.layers;
  Json types = Json::array();
  for (int64_t layer = 0; layer < model.layers; ++layer)
    types.push_back(model.has_window(layer) ? "sliding_attention" : "full_attention");
  json["layer_types"] = types;
}

}  // namespace

std::string llama_config_json(const LlamaConfig& model, int32_t end_of_text) {
  const LlamaKind kind = kind_of(model);
  const auto peer = std::ranges::find(kPeerModels, kind, &PeerModel::kind);
  if (peer == kPeerModels.end()) return {};
  // null, since the peer has defaults that a smaller vocabulary does not have.
  const Json end_token = end_of_text < 0 ? Json() : Json(end_of_text);
  Json json = {
      {"architectures", {peer->architecture}},
      {"model_type", peer->model_type},
      {"vocab_size", model.vocabulary},
      {"hidden_size", model.channels},
      {"intermediate_size", model.hidden},
      {"num_hidden_layers", model.layers},
      {"num_attention_heads", model.heads},
      {"num_key_value_heads", model.kv_heads},
      {"head_dim", model.head_dim},
      {"hidden_act", "silu"},
      {"max_position_embeddings", model.context},
      {"rms_norm_eps", model.norm_eps},
      {"rope_theta", model.rotary.base},
      {"rope_scaling", rope_scaling_json(model)},
      {"attention_dropout", 0.0},
      {"initializer_range", 0.02},
      {"tie_word_embeddings", model.tied},
      {"use_cache", true},
      {"bos_token_id", nullptr},
      {"eos_token_id", end_token},
      {"torch_dtype", model.dtype == DType::bf16 ? "bfloat16" : "float32"},
  };
  add_own(kind, model, json);
  return json_text(json, 2) + "\n";
}

LlamaKind llama_kind_named(const std::string& model_type) {
  for (const PeerModel& peer : kPeerModels)
    if (model_type == peer.model_type || model_type == peer.architecture) return peer.kind;
  return LlamaKind::none;
}

}  // namespace convoy
