// What a person is told before the first step.
#pragma once

#include <cstdint>
#include <string>

#include "core/config/config.h"
#include "core/train/run_length.h"

namespace convoy {

struct SummaryFacts {
  int64_t parameters = 0;  // that learn
  int64_t beneath = 0;     // that stay as they are, beneath an adapter
  std::string device;      // DeviceInfo::name: says its threads too
  std::string processors;  // what there is for them, "2 processors"; empty: said nothing of
  int ranks = 1;
  int64_t virtual_ranks = 1;
  size_t memory_bytes = 0;  // planned per rank; 0: not known
  std::string data;         // "1.2M training tokens, 84 in the vocabulary"
  int64_t first_step = 0;   // steps done before this start
};

// Six short lines: model, device, batch, data, run folder, steps.
std::string run_summary(const Config& config, const RunLength& length, const SummaryFacts& facts);

}  // namespace convoy
