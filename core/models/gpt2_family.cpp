#include "core/models/gpt2_family.h"

#include <fmt/format.h>

#include <array>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/models/gpt2_config_json.h"
#include "core/models/preference.h"
#include "core/ops/attention.h"

namespace convoy {
namespace {

struct Preset {
  std::string_view name;
  int64_t layers, heads, channels;
};

// The four models of GPT-2, all with a context of 1024 tokens.
constexpr std::array kPresets = {
    Preset{"gpt2-124m", 12, 12, 768},
    Preset{"gpt2-350m", 24, 16, 1024},
    Preset{"gpt2-774m", 36, 20, 1280},
    Preset{"gpt2-1558m", 48, 25, 1600},
};

void check_heads(Keys& keys, const Gpt2Config& c) {
  if (c.heads <= 0 || c.channels <= 0) return;
  if (c.channels % c.heads != 0)
    keys.contradiction({"heads", "channels"}, [&c](const std::string& path) {
      return fmt::format("{0}heads = {1} does not divide {0}channels = {2}; the next larger width is {3}", path,
                         c.heads, c.channels, round_up(c.channels, c.heads));
    });
  else if (c.channels / c.heads > kAttentionMaxD)
    keys.contradiction({"heads", "channels"}, [&c](const std::string& path) {
      return fmt::format(
          "{0}channels = {1} in {0}heads = {2} are {3} channels a head; at most {4} are computed, so write "
          "{0}heads={5} or more",
          path, c.channels, c.heads, c.channels / c.heads, kAttentionMaxD,
          ceil_div<int64_t>(c.channels, kAttentionMaxD));
    });
}

}  // namespace

Gpt2Family::Gpt2Family() : sizes{.layers = 4, .heads = 4, .channels = 128, .context = 64} {}

std::vector<std::string_view> Gpt2Family::presets() const {
  std::vector<std::string_view> names;
  for (const Preset& p : kPresets) names.push_back(p.name);
  return names;
}

void Gpt2Family::describe(Keys& keys) {
  keys.preset(incidental("preset"), preset, "sets the sizes below; keys given beside it win", presets(),
              [this](const std::string& name) { apply_preset(name); });
  keys(binding("layers"), sizes.layers, "blocks", "transformer blocks", Allowed::from(1, 1000));
  keys(binding("heads"), sizes.heads, "heads", "attention heads; must divide channels", Allowed::from(1, 65536));
  keys(binding("channels"), sizes.channels, "channels", "width of the residual stream", Allowed::from(1, 1048576));
  keys(binding("context"), sizes.context, "tokens", "sequence length T", Allowed::from(1, 16777216));
  keys("dropout", sizes.dropout, "probability", "of embeddings, attention probabilities and branches",
       Allowed::from_to_below(0, 1));
  keys(binding("vocabulary"), tokens, "tokens", "auto: the dataset's vocabulary", Allowed::from(1, 2147483647));
  check_heads(keys, sizes);
}

void Gpt2Family::apply_preset(std::string_view name) {
  for (const Preset& p : kPresets) {
    if (p.name != name) continue;
    sizes.layers = p.layers;
    sizes.heads = p.heads;
    sizes.channels = p.channels;
    sizes.context = 1024;
  }
}

void Gpt2Family::settle(const ModelData& data, Loss& loss) {
  if (data.vocabulary == 0)
    throw ConfigError(
        fmt::format("model.family = gpt2 reads tokens, and the fields of {} are {}; take a dataset of text, "
                    "or model.family=layers",
                    data.name, field_names(data.fields)));
  check_pairs(data, loss);
  if (!tokens.value) tokens.value = data.vocabulary;
  documents = find_field(data.fields, "starts") != nullptr;
}

void Gpt2Family::settle_as(const Family& earlier) {
  if (!tokens.value && earlier.vocabulary() > 0) tokens.value = earlier.vocabulary();
}

std::string Gpt2Family::summary() const {
  return fmt::format("{} layers, {} heads, {} channels, context {}", sizes.layers, sizes.heads, sizes.channels,
                     sizes.context);
}

Gpt2Config Gpt2Family::settled(DType dtype) const {
  Gpt2Config config = sizes;
  config.vocabulary = tokens.value.value();
  config.dtype = dtype;
  return config;
}

Graph Gpt2Family::loss_graph(const GraphNeeds& needs) const {
  return gpt2_loss_graph(settled(needs.dtype), needs.B, sizes.context, documents, needs.loss.preference());
}

std::optional<GeneratorModel> Gpt2Family::generator(DType dtype) const {
  return GeneratorModel{sizes.context, [config = settled(dtype)](int64_t B, int64_t T, int64_t kept) {
                          return gpt2_logits_graph(config, B, T, kept);
                        }};
}

std::string Gpt2Family::peer_config(DType dtype, int32_t end_of_text) const {
  return gpt2_config_json(settled(dtype), end_of_text);
}

}  // namespace convoy
