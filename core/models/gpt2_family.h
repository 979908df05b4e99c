// GPT-2 as a family: gpt2.h with its sizes as keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/models/family.h"
#include "core/models/gpt2.h"

namespace convoy {

class Gpt2Family final : public Family {
 public:
  Gpt2Family();

  void describe(Keys& keys) override;
  std::unique_ptr<Family> clone() const override { return std::make_unique<Gpt2Family>(*this); }
  std::vector<std::string_view> presets() const override;
  int64_t context() const override { return sizes.context; }
  int64_t vocabulary() const override { return tokens.value_or(0); }
  void settle(const ModelData& data, Loss& loss) override;
  void settle_as(const Family& earlier) override;
  std::string summary() const override;
  Graph loss_graph(const GraphNeeds& needs) const override;
  std::optional<GeneratorModel> generator(DType dtype) const override;
  std::string peer_config(DType dtype, int32_t end_of_text) const override;

  std::string preset;      // sets the sizes
  Gpt2Config sizes;        // but for the vocabulary, which is:
  Auto tokens;             // key `vocabulary`; absent: the dataset's
  bool documents = false;  // the data has the field "starts"

 private:
  void apply_preset(std::string_view name);
  Gpt2Config settled(DType dtype) const;
};

}  // namespace convoy
