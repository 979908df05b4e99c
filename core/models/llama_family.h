// Llama and its relatives as a family: llama.h with its sizes as keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/models/family.h"
#include "core/models/llama.h"

namespace convoy {

class LlamaFamily final : public Family {
 public:
  void describe(Keys& keys) override;
  std::unique_ptr<Family> clone() const override { return std::make_unique<LlamaFamily>(*this); }
  std::vector<std::string_view> presets() const override;
  int64_t context() const override { return sizes.context; }
  int64_t vocabulary() const override { return tokens.value_or(0); }
  bool reads_prompts_whole() const override { return sizes.attention == AttentionMask::prefix; }
  void settle(const ModelData& data, Loss& loss) override;
  void settle_as(const Family& earlier) override;
  std::string summary() const override;
  Graph loss_graph(const GraphNeeds& needs) const override;
  std::optional<GeneratorModel> generator(DType dtype) const override;
  std::string peer_config(DType dtype, int32_t end_of_text) const override;

  // With what its keys leave open filled in.
  LlamaConfig settled(DType dtype) const;
  // All keys from it; the vocabulary too, if it is not 0.
  void set(const LlamaConfig& config);

  std::string preset;                  // sets the sizes
  LlamaConfig sizes;                   // but for what is:
  Auto tokens;                         // key `vocabulary`; absent: the dataset's
  Auto kv_heads, head_dim, hidden;     // absent: as many as heads; channels / heads; 8 / 3 of channels
  WordOrNumbers window_layers{"all"};  // keys `window_layers`
  bool documents = false;              // the data has the field "starts"

 private:
  void apply_preset(std::string_view name);
  void check(Keys& keys) const;
};

}  // namespace convoy
