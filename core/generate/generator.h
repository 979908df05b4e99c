// Writes on from a prompt, token by token: what layers know of the tokens so far is their state, so each token costs
// one row.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/generate/sampler.h"
#include "core/plan/program.h"
#include "core/plan/states.h"

namespace convoy {

// A graph of B = 1 sequence and T tokens that ends in the last token's logits.
using LogitsGraphMaker = std::function<Graph(int64_t T)>;

struct GeneratorModel {
  int64_t context = 0;
  LogitsGraphMaker make_graph;
};

class Generator {
 public:
  // Weights are read from the parameters at every call: they may change in between.
  Generator(Device& device, const ParameterStorage& parameters, GeneratorModel model);
  ~Generator();

  // `count` tokens after the prompt (at least one token), each told to `on_token` as it comes; on_token returns false
  // to stop. Beyond the context the older half is forgotten and the newer half read again.
  std::vector<int32_t> generate(const std::vector<int32_t>& prompt, int64_t count, const SamplingOptions& sampling,
                                const std::function<bool(int32_t)>& on_token = {});

 private:
  struct Decoder;

  Decoder& decoder(int64_t T);
  const std::vector<float>& logits_of(Decoder& decoder, const int32_t* tokens, int64_t position);
  const std::vector<float>& read(const std::vector<int32_t>& tokens);

  Device& device_;
  const ParameterStorage& parameters_;
  GeneratorModel model_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<States> states_;  // that all decoders share
  Memory position_, position_on_host_;
  std::vector<std::unique_ptr<Decoder>> decoders_;
  std::vector<float> logits_;
};

}  // namespace convoy
