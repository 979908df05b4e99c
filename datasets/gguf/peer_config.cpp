#include "datasets/gguf/peer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/models/rotary_positions.h"

namespace convoy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kArchitectures = {
    PeerArchitecture{"llama", "llama", "LlamaForCausalLM", true, false, false},
    PeerArchitecture{"qwen2", "qwen2", "Qwen2ForCausalLM", false, true, false},
    PeerArchitecture{"qwen3", "qwen3", "Qwen3ForCausalLM", false, false, false},
    PeerArchitecture{"glm4", "glm4", "Glm4ForCausalLM", false, true, true},
};

struct Sizes {
  int64_t head_dim, rotated;
  double base;
};

// A number that was written in few digits and stored as a float: 1e-05 again, not 9.999999747378752e-06.
double written(double value) { return std::stod(fmt::format("{}", static_cast<float>(value))); }

// Llama 3's scaling is in the file as the factor of each frequency. Models of it were all trained with a context of
// 8192 and the bounds 1 and 4; what these make of the largest factor must be what is there.
Json llama3_scaling(const GgufFile& file, const GgufTensor& tensor, const Sizes& sizes) {
  std::vector<float> found(static_cast<size_t>(tensor.shape.elements()));
  file.read_rows(tensor, 0, tensor.rows(), found.data());
  if (static_cast<int64_t>(found.size()) * 2 != sizes.rotated)
    file.refuse(fmt::format("{} factors of rotary frequencies, wanted {}", found.size(), sizes.rotated / 2));
  RotaryPositions rotary{.base = sizes.base, .scaling = RotaryScaling::llama3};
  rotary.factor = *std::max_element(found.begin(), found.end());
  rotary.original_context = 8192;
  const std::vector<float> expected = rotary_factors(rotary, sizes.rotated, rotary.original_context);
  for (size_t i = 0; i < found.size(); ++i)
    if (!(std::abs(found[i] - expected[i]) <= 1e-4 * expected[i]))
      file.refuse(fmt::format("factor {} of its rotary frequencies is {}, wanted {} as of Llama 3's", i, found[i],
                              expected[i]));
  return {{"rope_type", "llama3"},
          {"factor", rotary.factor},
          {"low_freq_factor", rotary.low_frequency_factor},
          {"high_freq_factor", rotary.high_frequency_factor},
          {"original_max_position_embeddings", rotary.original_context}};
}

Json told_scaling(const GgufFile& file, const std::string& prefix) {
  const std::string kind(file.find_text(prefix + "rope.scaling.type").value_or("none"));
  if (kind == "none") return nullptr;
  const double factor = written(file.number(prefix + "rope.scaling.factor"));
  if (kind == "linear") return {{"rope_type", "linear"}, {"factor", factor}};
  if (kind != "yarn")
    file.refuse(fmt::format("its rotary scaling is {}, wanted none, linear, yarn or Llama 3's", kind));
  Json json = {{"rope_type", "yarn"},
               {"factor", factor},
               {"original_max_position_embeddings", file.integer(prefix + "rope.scaling.original_context_length")}};
  for (const char* bound : {"beta_fast", "beta_slow"})
    if (const auto turns = file.find_number(fmt::format("{}rope.scaling.yarn_{}", prefix, bound)))
      json[bound] = written(*turns);
  return json;
}

Sizes sizes_of(const GgufFile& file, const std::string& prefix) {
  const int64_t heads = file.integer(prefix + "attention.head_count");
  const int64_t width = file.integer(prefix + "embedding_length");
  if (heads < 1 || width < 1) file.refuse(fmt::format("{} heads of a width of {}", heads, width));
  const int64_t head_dim = file.find_integer(prefix + "attention.key_length").value_or(width / heads);
  return {head_dim, file.find_integer(prefix + "rope.dimension_count").value_or(head_dim),
          file.find_number(prefix + "rope.freq_base").value_or(10000)};
}

void add_rotary(const GgufFile& file, const std::string& prefix, Json& config) {
  const Sizes sizes = sizes_of(file, prefix);
  if (sizes.rotated < 2 || sizes.rotated > sizes.head_dim || sizes.rotated % 2 != 0 || sizes.head_dim % 2 != 0)
    file.refuse(fmt::format("{} of {} channels of a head are rotated", sizes.rotated, sizes.head_dim));
  config["head_dim"] = sizes.head_dim;
  config["rope_theta"] = written(sizes.base);
  if (sizes.rotated != sizes.head_dim)
    config["partial_rotary_factor"] = static_cast<double>(sizes.rotated) / static_cast<double>(sizes.head_dim);
  const GgufTensor* factors = file.find("rope_freqs.weight");
  config["rope_scaling"] = factors != nullptr ? llama3_scaling(file, *factors, sizes) : told_scaling(file, prefix);
}

}  // namespace

const PeerArchitecture* find_peer_architecture(std::string_view gguf) {
  const auto found = std::ranges::find(kArchitectures, gguf, &PeerArchitecture::gguf);
  return found == kArchitectures.end() ? nullptr : found;
}

const PeerArchitecture& peer_architecture(const GgufFile& file) {
  const std::string_view name = file.text("general.architecture");
  if (const PeerArchitecture* known = find_peer_architecture(name)) return *known;
  file.refuse(fmt::format("its architecture is {}, wanted llama, qwen2, qwen3 or glm4", name));
}

Json peer_config(const GgufFile& file, const PeerArchitecture& architecture, const std::string& dtype) {
  const std::string prefix = fmt::format("{}.", architecture.gguf);
  const GgufTensor* embedding = file.find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.dims() != 2) file.refuse("it has no tensor token_embd.weight (V, C)");
  Json config = {{"architectures", {architecture.class_name}},
                 {"model_type", architecture.model_type},
                 {"hidden_act", "silu"},
                 {"vocab_size", embedding->shape[0]},
                 {"hidden_size", file.integer(prefix + "embedding_length")},
                 {"intermediate_size", file.integer(prefix + "feed_forward_length")},
                 {"num_hidden_layers", file.integer(prefix + "block_count")},
                 {"num_attention_heads", file.integer(prefix + "attention.head_count")}};
  config["num_key_value_heads"] =
      file.find_integer(prefix + "attention.head_count_kv").value_or(config["num_attention_heads"]);
  config["max_position_embeddings"] = file.integer(prefix + "context_length");
  config["rms_norm_eps"] = written(file.number(prefix + "attention.layer_norm_rms_epsilon"));
  add_rotary(file, prefix, config);
  if (architecture.gguf == "glm4")
    config["attention_bias"] = file.find("blk.0.attn_q.bias") != nullptr;
  else if (!architecture.qkv_bias)
    config["attention_bias"] = false;
  if (architecture.gguf == "llama") config["mlp_bias"] = false;
  config["attention_dropout"] = 0.0;
  config["initializer_range"] = 0.02;
  config["tie_word_embeddings"] = file.find("output.weight") == nullptr;
  config["use_cache"] = true;
  const std::pair<const char*, const char*> tokens[] = {
      {"bos_token_id", "bos"}, {"eos_token_id", "eos"}, {"pad_token_id", "padding"}};
  for (const auto& [key, name] : tokens) {
    const auto id = file.find_integer(fmt::format("tokenizer.ggml.{}_token_id", name));
    config[key] = id ? Json(*id) : Json();
  }
  config["torch_dtype"] = dtype;
  return config;
}

}  // namespace convoy
