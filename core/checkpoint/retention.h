// Which checkpoints stay.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

struct CheckpointFacts {
  int64_t step = 0;
  std::optional<Evaluation> evaluation;  // the last one when it was saved
};

// The steps that stay, of checkpoints in order of their steps: the last `keep_last` (0: all); every multiple of
// `keep_every` (0: none); and the `keep_best` whose last evaluation was best. Of several that were saved
// after the same evaluation only the first counts as its checkpoint, for it is nearest to the weights evaluated; of
// equal ones the later evaluation wins. The newest always stays.
std::set<int64_t> checkpoints_to_keep(const std::vector<CheckpointFacts>& checkpoints, const Retention& retention);

}  // namespace convoy
