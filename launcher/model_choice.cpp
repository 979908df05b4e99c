#include "launcher/model_choice.h"

#include "core/checkpoint/gpt2_config_json.h"
#include "core/config/precision.h"
#include "core/models/gpt2.h"

namespace convoy {
namespace {

Gpt2Config gpt2_config(const Config& config) {
  const ModelConfig& m = config.model;
  return {m.layers,
          m.heads,
          m.channels,
          m.context,
          m.vocabulary.value.value(),
          static_cast<float>(m.dropout),
          compute_dtype(config.precision)};
}

}  // namespace

Graph make_loss_graph(const Config& config) {
  return gpt2_loss_graph(gpt2_config(config), config.batch.micro, config.model.context);
}

GeneratorModel make_generator_model(const Config& config) {
  const Gpt2Config gpt2 = gpt2_config(config);
  return {gpt2.context, [gpt2](int64_t T) { return gpt2_logits_graph(gpt2, 1, T); }};
}

std::string huggingface_config(const Config& config, int32_t end_of_text) {
  const Gpt2Config c = gpt2_config(config);
  return gpt2_config_json(
      {c.layers, c.heads, c.channels, c.context, c.vocabulary, config.model.dropout, c.dtype, end_of_text});
}

}  // namespace convoy
