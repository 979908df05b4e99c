#include "datasets/gguf/peer_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/json_text.h"
#include "datasets/gguf/peer_config.h"
#include "datasets/gguf/peer_names.h"

namespace convoy {
namespace {

// Tables that follow from config.json.
bool follows_from_config(std::string_view name) { return name == "rope_freqs.weight"; }

struct Checked {
  const GgufFile& file;
  const nlohmann::ordered_json& config;
  const PeerArchitecture& architecture;

  int64_t size(const char* key) const { return config.at(key).get<int64_t>(); }

  // The shape that a weight of the folder has.
  Shape shape(const std::string& name) const {
    const int64_t V = size("vocab_size"), C = size("hidden_size"), F = size("intermediate_size"), D = size("head_dim");
    const int64_t q = size("num_attention_heads") * D, kv = size("num_key_value_heads") * D;
    const bool bias = name.ends_with(".bias");
    const auto is = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    const auto matrix = [&](int64_t rows, int64_t columns) { return bias ? Shape{rows} : Shape{rows, columns}; };
    if (is("embed_tokens") || is("lm_head")) return {V, C};
    if (is("q_norm") || is("k_norm")) return {D};
    if (is("q_proj")) return matrix(q, C);
    if (is("k_proj") || is("v_proj")) return matrix(kv, C);
    if (is("o_proj")) return matrix(C, q);
    if (is("gate_up_proj")) return matrix(2 * F, C);
    if (is("gate_proj") || is("up_proj")) return matrix(F, C);
    if (is("down_proj")) return matrix(C, F);
    return {C};
  }

  PeerTensor peer(const GgufTensor& tensor) const {
    const auto name = peer_name(tensor.name, architecture.norms_behind);
    if (!name)
      file.refuse(
          fmt::format("it has a tensor {}, which no {} model that is known here has", tensor.name, architecture.gguf));
    if (const Shape wanted = shape(*name); tensor.shape != wanted)
      file.refuse(fmt::format("tensor {} has the shape {}, wanted {}", tensor.name, to_string(tensor.shape),
                              to_string(wanted)));
    PeerTensor result{*name, &tensor, 0};
    if (!architecture.pairs) return result;
    if (name->find("q_proj") != std::string::npos) result.heads = size("num_attention_heads");
    if (name->find("k_proj") != std::string::npos) result.heads = size("num_key_value_heads");
    return result;
  }

  void check_whole(const std::set<std::string>& names) const {
    std::vector<std::string> wanted{"model.embed_tokens.weight", "model.norm.weight"};
    for (int64_t i = 0; i < size("num_hidden_layers"); ++i) {
      const std::string block = fmt::format("model.layers.{}.", i);
      for (const char* part : {"input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                               "self_attn.o_proj", "post_attention_layernorm", "mlp.down_proj"})
        wanted.push_back(block + part + ".weight");
      if (architecture.norms_behind)
        for (const char* part : {"post_self_attn_layernorm", "post_mlp_layernorm", "mlp.gate_up_proj"})
          wanted.push_back(block + part + ".weight");
      else
        for (const char* part : {"mlp.gate_proj", "mlp.up_proj"}) wanted.push_back(block + part + ".weight");
      if (architecture.gguf == "qwen2")
        for (const char* part : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"})
          wanted.push_back(block + part + ".bias");
      if (architecture.gguf == "qwen3")
        for (const char* part : {"self_attn.q_norm", "self_attn.k_norm"}) wanted.push_back(block + part + ".weight");
    }
    for (const std::string& name : wanted)
      if (!names.contains(name))
        file.refuse(fmt::format("it has no tensor {}", gguf_name(name, architecture.norms_behind).value_or(name)));
  }
};

void check_sizes(const GgufFile& file, const nlohmann::ordered_json& config) {
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                          "num_key_value_heads", "head_dim", "max_position_embeddings"})
    if (const auto size = config.at(key).get<int64_t>(); size < 1 || size > int64_t{1} << 31)
      file.refuse(fmt::format("{} would be {}", key, size));
}

}  // namespace

PeerModel peer_model(const GgufFile& file, const std::string& dtype) {
  const PeerArchitecture& architecture = peer_architecture(file);
  const nlohmann::ordered_json config = peer_config(file, architecture, dtype);
  check_sizes(file, config);
  const Checked checked{file, config, architecture};
  PeerModel model;
  std::set<std::string> names;
  for (const GgufTensor& tensor : file.tensors()) {
    if (follows_from_config(tensor.name)) continue;
    model.tensors.push_back(checked.peer(tensor));
    names.insert(model.tensors.back().name);
  }
  checked.check_whole(names);
  model.config = json_text(config, 2) + "\n";
  return model;
}

void read_peer_rows(const GgufFile& file, const PeerTensor& tensor, int64_t first, int64_t count, float* out) {
  const Shape& shape = tensor.tensor->shape;
  if (tensor.heads == 0) return file.read_rows(*tensor.tensor, first, count, out);
  const int64_t D = shape[0] / tensor.heads, half = D / 2;
  const auto source = [&](int64_t row) { return row / D * D + row % D % half * 2 + row % D / half; };
  if (shape.dims() == 1) {
    std::vector<float> all(static_cast<size_t>(shape[0]));
    file.read_rows(*tensor.tensor, 0, 1, all.data());
    for (int64_t i = 0; i < shape[0]; ++i) out[i] = all[static_cast<size_t>(source(i))];
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    file.read_rows(*tensor.tensor, source(first + i), 1, out + i * tensor.tensor->columns());
}

}  // namespace convoy
