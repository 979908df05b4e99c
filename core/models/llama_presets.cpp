#include "core/models/llama_presets.h"

#include <algorithm>
#include <span>
#include <string>

#include "core/base/error.h"

namespace convoy {
namespace {

// llama3-8b and mistral-7b are the first of their kinds: Meta-Llama-3-8B and Mistral-7B-v0.1; glm4-9b is GLM-4-9B-0414.
// The vocabulary is the rows of the token embedding, of which a tokenizer may use fewer.
struct LlamaPreset {
  std::string_view name;
  LlamaKind kind;
  int64_t layers, heads, kv_heads, head_dim, channels, hidden, context, vocabulary;
  double norm_eps, base;
  bool tied;
};

constexpr auto kLlama = LlamaKind::llama, kMistral = LlamaKind::mistral, kQwen2 = LlamaKind::qwen2,
               kQwen3 = LlamaKind::qwen3, kGlm4 = LlamaKind::glm4;

constexpr LlamaPreset kLlamaPresets[] = {
    {"smollm2-135m", kLlama, 30, 9, 3, 64, 576, 1536, 8192, 49152, 1e-5, 1e5, true},
    {"llama3.2-1b", kLlama, 16, 32, 8, 64, 2048, 8192, 131072, 128256, 1e-5, 5e5, true},
    {"llama3-8b", kLlama, 32, 32, 8, 128, 4096, 14336, 8192, 128256, 1e-5, 5e5, false},
    {"qwen2.5-0.5b", kQwen2, 24, 14, 2, 64, 896, 4864, 32768, 151936, 1e-6, 1e6, true},
    {"qwen2.5-1.5b", kQwen2, 28, 12, 2, 128, 1536, 8960, 131072, 151936, 1e-6, 1e6, true},
    {"qwen2.5-3b", kQwen2, 36, 16, 2, 128, 2048, 11008, 32768, 151936, 1e-6, 1e6, true},
    {"qwen2.5-7b", kQwen2, 28, 28, 4, 128, 3584, 18944, 131072, 152064, 1e-6, 1e6, false},
    {"qwen3-0.6b", kQwen3, 28, 16, 8, 128, 1024, 3072, 40960, 151936, 1e-6, 1e6, true},
    {"qwen3-1.7b", kQwen3, 28, 16, 8, 128, 2048, 6144, 40960, 151936, 1e-6, 1e6, true},
    {"qwen3-4b", kQwen3, 36, 32, 8, 128, 2560, 9728, 40960, 151936, 1e-6, 1e6, true},
    {"qwen3-8b", kQwen3, 36, 32, 8, 128, 4096, 12288, 40960, 151936, 1e-6, 1e6, false},
    {"mistral-7b", kMistral, 32, 32, 8, 128, 4096, 14336, 32768, 32000, 1e-5, 1e4, false},
    {"glm4-9b", kGlm4, 40, 32, 2, 128, 4096, 13696, 32768, 151552, 1e-5, 1e4, false},
};

LlamaConfig config_of(const LlamaPreset& p) {
  LlamaConfig c;
  c.layers = p.layers, c.heads = p.heads, c.kv_heads = p.kv_heads, c.head_dim = p.head_dim;
  c.channels = p.channels, c.hidden = p.hidden, c.context = p.context, c.vocabulary = p.vocabulary;
  c.norm_eps = p.norm_eps, c.rotary.base = p.base, c.tied = p.tied;
  c.qkv_bias = p.kind == kQwen2;
  c.qk_norm = p.kind == kQwen3;
  if (p.kind == kMistral) c.window = 4096;
  if (p.kind == kGlm4) {
    c.post_norms = true;
    c.rotary.fraction = 0.5;
    c.rotary.layout = RotaryLayout::interleaved;
  }
  if (p.name == "llama3.2-1b") {
    c.rotary.scaling = RotaryScaling::llama3;
    c.rotary.factor = 32;
    c.rotary.original_context = 8192;
  }
  return c;
}

}  // namespace

std::vector<std::string_view> llama_preset_names() {
  std::vector<std::string_view> names;
  for (const LlamaPreset& preset : kLlamaPresets) names.push_back(preset.name);
  return names;
}

LlamaConfig llama_preset(std::string_view name) {
  const auto found = std::ranges::find(kLlamaPresets, name, &LlamaPreset::name);
  if (found == std::ranges::end(kLlamaPresets)) throw InternalError("no preset is named " + std::string(name));
  return config_of(*found);
}

}  // namespace convoy
