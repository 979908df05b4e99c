#include "core/models/llama_family.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/models/llama_config_json.h"
#include "core/models/llama_presets.h"
#include "core/models/preference.h"
#include "core/ops/attention.h"

namespace convoy {

void LlamaFamily::describe(Keys& keys) {
  keys.preset(incidental("preset"), preset, "sets the sizes below; keys given beside it win", presets(),
              [this](const std::string& name) { apply_preset(name); });
  keys(binding("layers"), sizes.layers, "blocks", "transformer blocks", Allowed::from(1, 1000));
  keys(binding("heads"), sizes.heads, "heads", "of queries", Allowed::from(1, 65536));
  keys(binding("kv_heads"), kv_heads, "heads", "of keys and values; must divide heads; auto: as many",
       Allowed::from(1, 65536));
  keys(binding("head_dim"), head_dim, "channels", "of a head; auto: channels / heads",
       Allowed::from(1, kAttentionMaxD));
  keys(binding("channels"), sizes.channels, "channels", "width of the residual stream", Allowed::from(1, 1048576));
  keys(binding("hidden"), hidden, "channels", "of the feed-forward half; auto: 8 / 3 of channels, in whole 64",
       Allowed::from(1, 4194304));
  keys(binding("context"), sizes.context, "tokens", "sequence length T", Allowed::from(1, 16777216));
  keys(binding("vocabulary"), tokens, "tokens", "auto: the dataset's vocabulary", Allowed::from(1, 2147483647));
  keys("norm_eps", sizes.norm_eps, "", "of RMS norms", Allowed::above_to(0, 1));
  keys.section("rotary", sizes.rotary);
  keys(binding("qkv_bias"), sizes.qkv_bias, "", "queries, keys and values have a bias, as in Qwen2");
  keys(binding("qk_norm"), sizes.qk_norm, "", "heads of queries and keys are normed, as in Qwen3");
  keys(binding("post_norms"), sizes.post_norms, "", "what a branch adds is normed too, as in GLM-4");
  keys(binding("tied"), sizes.tied, "", "the head is the token embedding");
  keys("window", sizes.window, "tokens", "that one sees at most, itself among them, as in Mistral; 0: all before it",
       Allowed::from(0, 16777216));
  keys("window_layers", window_layers, "layers", "from 0, that have the window: all, or a list",
       Allowed::words_or({"all"}, 0, 999));
  keys(
      "attention", sizes.attention, "",
      "which tokens one sees: causal: those before it; prefix: if it is of its text's prompt, all of the prompt, as in "
      "T5's prefix LM and GLM; needs data that says which tokens count, and no window");
  check(keys);
}

std::vector<std::string_view> LlamaFamily::presets() const { return llama_preset_names(); }

void LlamaFamily::check(Keys& keys) const {
  const LlamaConfig c = settled(DType::f32);
  if (c.heads <= 0 || c.channels <= 0 || c.kv_heads <= 0) return;
  if (!head_dim.value && c.channels % c.heads != 0)
    keys.contradiction({"heads", "channels"}, [c](const std::string& path) {
      return fmt::format(
          "{0}heads = {1} does not divide {0}channels = {2}; the next larger width is {3}, or say "
          "{0}head_dim",
          path, c.heads, c.channels, round_up(c.channels, c.heads));
    });
  else if (c.head_dim > kAttentionMaxD)
    keys.contradiction({"heads", "channels"}, [c](const std::string& path) {
      return fmt::format(
          "{0}channels = {1} in {0}heads = {2} are {3} channels a head; at most {4} are computed, so write "
          "{0}heads={5} or more",
          path, c.channels, c.heads, c.head_dim, kAttentionMaxD, ceil_div<int64_t>(c.channels, kAttentionMaxD));
    });
  else if (const int64_t turned = c.rotary.turned(c.head_dim); turned % 2 != 0)
    keys.contradiction({"head_dim", "heads"}, [c, turned](const std::string& path) {
      return fmt::format(
          "{0}rotary.fraction = {1} of {2} channels a head are {3}; pairs are turned, so an even number "
          "is wanted",
          path, c.rotary.fraction, c.head_dim, turned);
    });
  if (c.attention == AttentionMask::prefix && c.window > 0)
    keys.contradiction({"attention", "window"}, [c](const std::string& path) {
      return fmt::format(
          "{0}attention = prefix and {0}window = {1}: prompts that are read whole have no window; write {0}window=0, "
          "or "
          "{0}attention=causal",
          path, c.window);
    });
  if (c.heads % c.kv_heads != 0)
    keys.contradiction({"kv_heads", "heads"}, [c](const std::string& path) {
      return fmt::format("{0}kv_heads = {1} does not divide {0}heads = {2}; choose a divisor", path, c.kv_heads,
                         c.heads);
    });
}

void LlamaFamily::apply_preset(std::string_view name) {
  if (name.empty()) return;
  LlamaConfig config = llama_preset(name);
  config.vocabulary = 0;  // the data's, as ever
  set(config);
}

void LlamaFamily::set(const LlamaConfig& config) {
  sizes = config;
  kv_heads.value = config.kv_heads;
  head_dim.value = config.head_dim;
  hidden.value = config.hidden;
  if (config.vocabulary > 0) tokens.value = config.vocabulary;
  window_layers = config.window_layers.empty() ? WordOrNumbers{"all", {}} : WordOrNumbers{"", config.window_layers};
}

LlamaConfig LlamaFamily::settled(DType dtype) const {
  LlamaConfig config = sizes;
  config.kv_heads = kv_heads.value_or(config.heads);
  config.head_dim = head_dim.value_or(config.heads > 0 ? config.channels / config.heads : 0);
  config.hidden = hidden.value_or(round_up<int64_t>(ceil_div<int64_t>(8 * config.channels, 3), 64));
  config.vocabulary = tokens.value_or(0);
  config.window_layers = window_layers.word.empty() ? window_layers.numbers : std::vector<int64_t>{};
  config.dtype = dtype;
  return config;
}

void LlamaFamily::settle(const ModelData& data, Loss& loss) {
  if (data.vocabulary == 0)
    throw ConfigError(
        fmt::format("model.family = llama reads tokens, and the fields of {} are {}; take a dataset of text, "
                    "or model.family=layers",
                    data.name, field_names(data.fields)));
  check_pairs(data, loss);
  if (reads_prompts_whole() && find_field(data.fields, "prefix_ends") == nullptr)
    throw ConfigError(
        fmt::format("model.attention = prefix wants to know where prompts end, and the fields of {} are {}; import "
                    "conversations or prompts with `trainer data import-jsonl`, or write model.attention=causal",
                    data.name, field_names(data.fields)));
  if (!tokens.value) tokens.value = data.vocabulary;
  documents = find_field(data.fields, "starts") != nullptr;
}

void LlamaFamily::settle_as(const Family& earlier) {
  if (!tokens.value && earlier.vocabulary() > 0) tokens.value = earlier.vocabulary();
}

std::string LlamaFamily::summary() const {
  const LlamaConfig c = settled(DType::f32);
  const std::string grouped = c.kv_heads == c.heads ? "" : fmt::format(" ({} of keys)", c.kv_heads);
  return fmt::format("{} layers, {} heads{}, {} channels, context {}", c.layers, c.heads, grouped, c.channels,
                     c.context);
}

Graph LlamaFamily::loss_graph(const GraphNeeds& needs) const {
  return llama_loss_graph(settled(needs.dtype), needs.B, sizes.context, documents, needs.loss.preference());
}

std::optional<GeneratorModel> LlamaFamily::generator(DType dtype) const {
  return GeneratorModel{
      sizes.context,
      [config = settled(dtype)](int64_t B, int64_t T, int64_t kept) { return llama_logits_graph(config, B, T, kept); },
      reads_prompts_whole()};
}

std::string LlamaFamily::peer_config(DType dtype, int32_t end_of_text) const {
  return llama_config_json(settled(dtype), end_of_text);
}

}  // namespace convoy
