// A family of models: its sizes as keys of the config, and the graphs that are built of them.
//
// To add one: a class here, and a line in kinds.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/kind.h"
#include "core/generate/generator.h"
#include "core/graph/graph.h"
#include "core/models/loss.h"
#include "core/models/model_data.h"

namespace convoy {

struct GraphNeeds {
  int64_t B = 1;             // samples of a micro-batch
  DType dtype = DType::f32;  // that the model computes in
  const Loss& loss;          // for families that leave it open
};

class Family {
 public:
  virtual ~Family() = default;
  virtual void describe(Keys& keys) = 0;
  virtual std::unique_ptr<Family> clone() const = 0;

  // Names that its key `preset` takes.
  virtual std::vector<std::string_view> presets() const { return {}; }

  // Tokens in a sample, for models of sequences; 0: samples are what the data's fields say.
  virtual int64_t context() const { return 0; }
  // Do tokens of a text's prompt see one another? Then data has to say where prompts end.
  virtual bool reads_prompts_whole() const { return false; }
  // Tokens that the model knows; 0: it reads none, or what the data has decides and settle() has not yet been told.
  virtual int64_t vocabulary() const { return 0; }

  // Writes into the keys, and into the loss's, what they leave to the data. Everything below is of a settled family.
  // Throws ConfigError if a model of these sizes cannot be made for such data.
  virtual void settle(const ModelData& data, Loss& loss) = 0;

  // The same from a settled family that an earlier start of the run was made with, as far as the keys still leave it
  // open.
  virtual void settle_as(const Family&) {}

  // Its sizes in a few words: "4 layers, 4 heads".
  virtual std::string summary() const = 0;
  // A graph that ends in losses; where a peer has other names for its parameters, or holds them otherwise, it says so
  // (Graph::store_as): checkpoints, imports and exports all go by that. Its inputs are named as the data's fields. What
  // metrics read are the outputs "predictions", (B, ...) of the model's dtype, and "targets", where there are such.
  virtual Graph loss_graph(const GraphNeeds& needs) const = 0;
  // For families that write sequences.
  virtual std::optional<GeneratorModel> generator(DType) const { return std::nullopt; }

  // config.json by which the peer reads such a checkpoint; empty: no peer does. end_of_text: token, -1: none.
  virtual std::string peer_config(DType, int32_t /*end_of_text*/) const { return {}; }
};

using FamilyKind = KindOf<Family>;
using FamilyChoice = ChoiceOf<Family>;

}  // namespace convoy
