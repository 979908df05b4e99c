#include "launcher/commands/sampling_words.h"

namespace convoy {

void add_sampling_options(Command& command, SamplingWords& words) {
  command.option("--tokens", words.tokens, "how many to write; an end-of-text token ends earlier",
                 Allowed::from(1, 1e9));
  command.option("--temperature", words.sampling.temperature, "0: always the most likely token", Allowed::from(0, 1e6));
  command.option("--top-k", words.sampling.top_k, "choose among so many most likely tokens; 0: all",
                 Allowed::from(0, 1e9));
  command.option("--top-p", words.sampling.top_p, "choose among the fewest tokens that have this probability together",
                 Allowed::above_to(0, 1));
  command.option("--min-p", words.sampling.min_p, "of tokens that have this share of the likeliest one's probability",
                 Allowed::from(0, 1));
  command.option("--repetition-penalty", words.sampling.repetition_penalty,
                 "by which tokens that were there before become less likely; 1: none", Allowed::above_to(0, 1e6));
  command.option("--stop", words.stops, "a text before which it ends; may be given many times");
  command.option("--seed", words.seed, "the same text for the same seed", Allowed::any());
}

SamplingOptions sampling_options(const SamplingWords& words) {
  SamplingOptions options = words.sampling;
  options.seed = static_cast<uint64_t>(words.seed);
  return options;
}

}  // namespace convoy
