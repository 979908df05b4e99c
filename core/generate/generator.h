// Writes on from a prompt, token by token: what layers know of the tokens so far is their state, so each token costs
// one row.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/generate/decoder.h"
#include "core/generate/sampler.h"
#include "core/plan/program.h"
#include "core/plan/states.h"

namespace convoy {

// A graph of B sequences of T tokens that ends in the last tokens' logits, with states that hold `kept` tokens of each.
using LogitsGraphMaker = std::function<Graph(int64_t B, int64_t T, int64_t kept)>;

struct GeneratorModel {
  int64_t context = 0;
  LogitsGraphMaker make_graph;
  // Graphs of several tokens let them see one another: a prompt is read in one pass, and what is known of a text before
  // it serves none that goes on otherwise.
  bool reads_prompts_whole = false;
};

// Of a text that is longer than the context. False: it is not.
bool forget_older_half(std::vector<int32_t>& window, int64_t context);

class Generator {
 public:
  // Weights are read from the parameters at every call: where they change in between, forget().
  Generator(Device& device, const ParameterStorage& parameters, GeneratorModel model);
  ~Generator();

  // `count` tokens after the prompt (at least one token), each told to `on_token` as it comes; on_token returns false
  // to stop. Beyond the context the older half is forgotten and the newer half read again. Of the prompt only what
  // follows the tokens that are known from the call before is read. Where prompts are read whole, all of it is, and
  // what is read again counts as a prompt.
  std::vector<int32_t> generate(const std::vector<int32_t>& prompt, int64_t count, const SamplingOptions& sampling,
                                const std::function<bool(int32_t)>& on_token = {});

  // The states shall know these tokens and no others; logits() are then those of the next one. What they know already
  // is not read again, but for the last token, unless prompts are read whole.
  void read(const std::vector<int32_t>& tokens);
  // Throws InternalError if nothing was read.
  const States& states() const;

  // Logits from which the next token is chosen: in on_token, those of which that token was.
  const std::vector<float>& logits() const { return logits_; }
  void forget() { held_.clear(); }
  // Tokens for which there is room: some more than are known, for what is kept of each takes memory.
  int64_t kept() const { return kept_; }
  int64_t tokens_read() const { return tokens_read_; }  // by all calls together

 private:
  Decoder& decoder(int64_t T);
  void read(const int32_t* tokens, int64_t count);
  void read_whole(const std::vector<int32_t>& prompt);
  void run(const int32_t* tokens, int64_t count);
  void make_room(int64_t tokens);

  Device& device_;
  const ParameterStorage& parameters_;
  GeneratorModel model_;
  std::unique_ptr<Stream> stream_;
  int64_t kept_ = 0, tokens_read_ = 0;
  std::unique_ptr<States> states_;  // that all decoders share
  std::vector<int32_t> held_;       // tokens that the states know
  std::vector<std::unique_ptr<Decoder>> decoders_;
  std::vector<float> logits_;
};

}  // namespace convoy
