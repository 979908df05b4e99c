#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/base/error.h"
#include "core/models/llama_config_json.h"

namespace convoy {
namespace {

// Values of a config.json; null counts as not there.
class PeerConfig {
 public:
  explicit PeerConfig(const nlohmann::json& json) : json_(json) {}

  bool has(const char* key) const { return json_.is_object() && json_.contains(key) && !json_.at(key).is_null(); }

  int64_t whole(const char* key, int64_t absent = 0, int64_t least = 1) const {
    const nlohmann::json value = has(key) ? json_.at(key) : nlohmann::json(absent);
    if (!value.is_number_integer() || value.get<int64_t>() < least || value.get<int64_t>() > int64_t{1} << 40)
      throw_wrong(key, fmt::format("a whole number from {} on", least));
    return value.get<int64_t>();
  }
  double real(const char* key, double absent, double above = 0) const {
    const nlohmann::json value = has(key) ? json_.at(key) : nlohmann::json(absent);
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() <= above)
      throw_wrong(key, fmt::format("a number above {}", above));
    return value.get<double>();
  }
  bool yes(const char* key, bool absent) const {
    if (!has(key)) return absent;
    if (!json_.at(key).is_boolean()) throw_wrong(key, "true or false");
    return json_.at(key).get<bool>();
  }
  std::string text(const char* key, const char* absent) const {
    if (!has(key)) return absent;
    if (!json_.at(key).is_string()) throw_wrong(key, "a text");
    return json_.at(key).get<std::string>();
  }
  PeerConfig part(const char* key) const {
    static const nlohmann::json kNothing = nlohmann::json::object();
    if (!has(key)) return PeerConfig(kNothing);
    if (!json_.at(key).is_object()) throw_wrong(key, "an object");
    return PeerConfig(json_.at(key));
  }
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> result;
    if (!has(key)) return result;
    if (!json_.at(key).is_array()) throw_wrong(key, "a list");
    for (const nlohmann::json& item : json_.at(key)) {
      if (!item.is_string()) throw_wrong(key, "a list of texts");
      result.push_back(item.get<std::string>());
    }
    return result;
  }

 private:
  [[noreturn]] void throw_wrong(const char* key, const std::string& wanted) const {
    throw CheckpointError(
        fmt::format("config.json: {} is {}; {} is wanted", key, has(key) ? json_.at(key).dump() : "missing", wanted));
  }

  const nlohmann::json& json_;
};

[[noreturn]] void refuse(const std::string& found, const std::string& wanted) {
  throw CheckpointError(fmt::format("config.json: {}, which is not computed here; {}", found, wanted));
}

RotaryScaling scaling_named(const std::string& name) {
  if (name == "default") return RotaryScaling::none;
  for (const auto& [known, scaling] : enum_names(RotaryScaling{}))
    if (name == known) return scaling;
  refuse(fmt::format("rope_type is {}", name), "default, linear, llama3 and yarn are");
}

// What yarn multiplies sines and cosines with.
AutoReal amplitude_of(const PeerConfig& rope, double factor) {
  AutoReal amplitude;
  if (rope.has("attention_factor")) {
    amplitude.value = rope.real("attention_factor", 1);
  } else if (rope.has("mscale") && rope.has("mscale_all_dim")) {
    const auto scaled = [&](const char* key) { return 1 + 0.1 * rope.real(key, 1) * std::log(std::max(factor, 1.0)); };
    amplitude.value = scaled("mscale") / scaled("mscale_all_dim");
  }
  return amplitude;
}

// In the form of one object, rope_parameters, or of rope_theta with rope_scaling beside it.
RotaryPositions rotary_of(const PeerConfig& json, LlamaKind kind, int64_t context) {
  const PeerConfig rope = json.part(json.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
  const bool is_glm = kind == LlamaKind::glm || kind == LlamaKind::glm4;
  RotaryPositions r;
  r.base = rope.has("rope_theta") ? rope.real("rope_theta", 0, 1) : json.real("rope_theta", 10000, 1);
  const double whole = json.real("partial_rotary_factor", is_glm ? 0.5 : 1);
  r.fraction = rope.real("partial_rotary_factor", whole);
  if (r.fraction > 1) refuse(fmt::format("partial_rotary_factor is {}", r.fraction), "at most 1 is");
  r.layout = is_glm ? RotaryLayout::interleaved : RotaryLayout::half;
  r.scaling = scaling_named(rope.text("rope_type", rope.text("type", "default").c_str()));
  if (r.scaling == RotaryScaling::none) return r;
  r.original_context = rope.whole("original_max_position_embeddings", context);
  // Where yarn's is not said, it is what the contexts say.
  const double stretched = static_cast<double>(context) / static_cast<double>(r.original_context);
  r.factor = rope.real("factor", r.scaling == RotaryScaling::yarn ? stretched : 0);
  r.low_frequency_factor = rope.real("low_freq_factor", r.low_frequency_factor);
  r.high_frequency_factor = rope.real("high_freq_factor", r.high_frequency_factor);
  r.beta_fast = rope.real("beta_fast", r.beta_fast);
  r.beta_slow = rope.real("beta_slow", r.beta_slow);
  if (r.scaling == RotaryScaling::yarn) {
    r.amplitude = amplitude_of(rope, r.factor);
    if (!rope.yes("truncate", true)) refuse("rope_parameters.truncate is false", "only true is");
  }
  return r;
}

void read_window(const PeerConfig& json, LlamaKind kind, LlamaConfig& c) {
  if (kind == LlamaKind::mistral) c.window = json.whole("sliding_window", 0, 0);
  if (kind != LlamaKind::qwen2 && kind != LlamaKind::qwen3) return;
  if (!json.yes("use_sliding_window", false)) return;
  c.window = json.whole("sliding_window", 0, 0);
  const std::vector<std::string> types = json.texts("layer_types");
  const int64_t first = json.whole("max_window_layers", 28, 0);
  for (int64_t layer = 0; layer < c.layers && c.window > 0; ++layer) {
    const auto at = static_cast<size_t>(layer);
    const bool has = at < types.size() ? types[at] == "sliding_attention" : layer >= first;
    if (has) c.window_layers.push_back(layer);
  }
  if (c.window_layers.empty()) c.window = 0;
  if (static_cast<int64_t>(c.window_layers.size()) == c.layers) c.window_layers.clear();
}

void check_supported(const PeerConfig& json, LlamaKind kind) {
  const std::string activation = json.text("hidden_act", "silu");
  if (activation != "silu") refuse(fmt::format("hidden_act is {}", activation), "silu is");
  if (json.yes("mlp_bias", false)) refuse("mlp_bias is true", "false is");
  // There the bias is one of the last product too.
  if ((kind == LlamaKind::llama || kind == LlamaKind::qwen3) && json.yes("attention_bias", false))
    refuse("attention_bias is true", "false is, or a model whose queries, keys and values alone have one");
  if (json.has("quantization_config")) refuse("quantization_config says that weights are quantised", "others are");
}

}  // namespace

LlamaConfig llama_from_config_json(LlamaKind kind, const nlohmann::json& object) {
  const PeerConfig json(object);
  check_supported(json, kind);
  const bool is_glm = kind == LlamaKind::glm || kind == LlamaKind::glm4;
  LlamaConfig c;
  c.layers = json.whole("num_hidden_layers");
  c.heads = json.whole("num_attention_heads");
  c.kv_heads = json.whole("num_key_value_heads", c.heads);
  c.channels = json.whole("hidden_size");
  // Where it is not said, Qwen3 and GLM have one of their own.
  c.head_dim = json.whole("head_dim", kind == LlamaKind::qwen3 || is_glm ? 128 : c.channels / c.heads);
  c.hidden = json.whole("intermediate_size");
  c.context = json.whole("max_position_embeddings");
  c.vocabulary = json.whole("vocab_size");
  c.norm_eps = json.real("rms_norm_eps", is_glm ? 1.5625e-7 : 1e-6);
  c.rotary = rotary_of(json, kind, c.context);
  c.qkv_bias = kind == LlamaKind::qwen2 || (is_glm && json.yes("attention_bias", true));
  c.qk_norm = kind == LlamaKind::qwen3;
  c.post_norms = kind == LlamaKind::glm4;
  c.tied = json.yes("tie_word_embeddings", false);
  read_window(json, kind, c);
  return c;
}

}  // namespace convoy
