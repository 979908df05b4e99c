#include "datasets/gguf/peer_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace convoy {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // GGUF's, Hugging Face's

constexpr std::array kOfModel = {
    Name{"token_embd", "model.embed_tokens"},
    Name{"output_norm", "model.norm"},
    Name{"output", "lm_head"},
};
constexpr std::array kOfBlock = {
    Name{"attn_norm", "input_layernorm"},    Name{"attn_q", "self_attn.q_proj"},
    Name{"attn_k", "self_attn.k_proj"},      Name{"attn_v", "self_attn.v_proj"},
    Name{"attn_q_norm", "self_attn.q_norm"}, Name{"attn_k_norm", "self_attn.k_norm"},
    Name{"attn_output", "self_attn.o_proj"}, Name{"ffn_norm", "post_attention_layernorm"},
    Name{"ffn_gate", "mlp.gate_proj"},       Name{"ffn_up", "mlp.up_proj"},
    Name{"ffn_down", "mlp.down_proj"},
};
// What replaces or joins them in GLM-4's blocks.
constexpr std::array kOfBlockWithNormsBehind = {
    Name{"post_attention_norm", "post_self_attn_layernorm"},
    Name{"post_ffw_norm", "post_mlp_layernorm"},
    Name{"ffn_up", "mlp.gate_up_proj"},
};

// The first name of which `known` is the wanted side.
std::optional<std::string_view> look_up(std::string_view name, auto known, auto other, const auto& names) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const Name& pair) { return pair.*known == name; });
  return found == names.end() ? std::nullopt : std::optional(*found.*other);
}

// "PREFIX3.rest.weight" to its parts.
struct Parts {
  std::string_view block, name, ending;  // block: digits, empty outside of blocks
};
std::optional<Parts> take_apart(std::string_view text, std::string_view prefix) {
  Parts parts;
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  parts.ending = text.substr(dot);
  if (parts.ending != ".weight" && parts.ending != ".bias") return std::nullopt;
  parts.name = text.substr(0, dot);
  if (!parts.name.starts_with(prefix)) return parts;
  parts.name.remove_prefix(prefix.size());
  const size_t digits = std::min(parts.name.find_first_not_of("0123456789"), parts.name.size());
  if (digits == 0 || digits > 9 || digits + 1 >= parts.name.size() || parts.name[digits] != '.') return std::nullopt;
  parts.block = parts.name.substr(0, digits);
  parts.name.remove_prefix(digits + 1);
  return parts;
}

std::optional<std::string> renamed(std::string_view text, bool norms_behind, auto known, auto other) {
  constexpr Name kPrefix{"blk.", "model.layers."};
  const auto parts = take_apart(text, kPrefix.*known);
  if (!parts) return std::nullopt;
  std::optional<std::string_view> name;
  if (parts->block.empty()) {
    name = look_up(parts->name, known, other, kOfModel);
  } else {
    if (norms_behind) name = look_up(parts->name, known, other, kOfBlockWithNormsBehind);
    if (!name) name = look_up(parts->name, known, other, kOfBlock);
  }
  if (!name) return std::nullopt;
  std::string result;
  if (!parts->block.empty()) result = std::string(kPrefix.*other) + std::string(parts->block) + ".";
  return result + std::string(*name) + std::string(parts->ending);
}

}  // namespace

std::optional<std::string> peer_name(std::string_view gguf_name, bool norms_behind) {
  return renamed(gguf_name, norms_behind, &Name::first, &Name::second);
}
std::optional<std::string> gguf_name(std::string_view peer_name, bool norms_behind) {
  return renamed(peer_name, norms_behind, &Name::second, &Name::first);
}

}  // namespace convoy
