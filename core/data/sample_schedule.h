// Which samples a rank trains on: the global batch of a step is cut into V virtual ranks, each into passes of `micro`
// samples; a rank owns V / N neighbouring virtual ranks. A pure function, so that it needs no state to resume.
#pragma once

#include <cstdint>

namespace convoy {

struct SampleSchedule {
  int64_t global_batch = 0, micro_batch = 0;
  int64_t virtual_ranks = 1, ranks = 1, rank = 0;
  // Steps [first_step + 1, ...) follow; the first of them starts with this sample.
  int64_t first_step = 0, first_step_sample = 0;

  int64_t virtual_ranks_here() const { return virtual_ranks / ranks; }
  int64_t passes_per_virtual_rank() const { return global_batch / (virtual_ranks * micro_batch); }
  int64_t passes_per_step() const { return virtual_ranks_here() * passes_per_virtual_rank(); }

  // First sample of this rank's pass number `ordinal`, counted from 0 at the first pass after first_step.
  int64_t first_sample(int64_t ordinal) const {
    const int64_t step = ordinal / passes_per_step(), pass = ordinal % passes_per_step();
    return first_step_sample + step * global_batch + rank * passes_per_step() * micro_batch + pass * micro_batch;
  }
};

}  // namespace convoy
