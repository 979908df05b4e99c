// The options of commands that write text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/generate/sampler.h"
#include "launcher/commands/command_line.h"

namespace convoy {

struct SamplingWords {
  int64_t tokens = 500, seed = 1;
  SamplingOptions sampling;
  std::vector<std::string> stops;
};

// words must live as long as the command line.
void add_sampling_options(Command& command, SamplingWords& words);
// As the words say.
SamplingOptions sampling_options(const SamplingWords& words);

}  // namespace convoy
