// Which samples a rank trains on: the global batch of a step is cut into V virtual ranks, each into passes of `micro`
// samples; a rank owns V / N neighbouring virtual ranks. A pure function, so that it needs no state to resume.
#pragma once

#include <cstdint>
#include <vector>

namespace convoy {

// Where a run goes on after it went back: the step that follows `after_step` starts with this sample.
struct SampleSkip {
  int64_t after_step = 0, sample = 0;
};

struct SampleSchedule {
  int64_t global_batch = 0, micro_batch = 0;
  int64_t virtual_ranks = 1, ranks = 1, rank = 0;
  // Steps [first_step + 1, ...) follow; the first of them starts with this sample.
  int64_t first_step = 0, first_step_sample = 0;
  std::vector<SampleSkip> skips;  // by their steps, not before first_step; of several after one step the last holds

  int64_t virtual_ranks_here() const { return virtual_ranks / ranks; }
  int64_t passes_per_virtual_rank() const { return global_batch / (virtual_ranks * micro_batch); }
  int64_t passes_per_step() const { return virtual_ranks_here() * passes_per_virtual_rank(); }

  // First sample, over all ranks, of the step that follows `step`.
  int64_t sample_after(int64_t step) const {
    SampleSkip from{first_step, first_step_sample};
    for (const SampleSkip& skip : skips)
      if (skip.after_step >= first_step && skip.after_step <= step) from = skip;
    return from.sample + (step - from.after_step) * global_batch;
  }

  // First sample of this rank's pass number `ordinal`, counted from 0 at the first pass after first_step.
  int64_t first_sample(int64_t ordinal) const {
    const int64_t step = ordinal / passes_per_step(), pass = ordinal % passes_per_step();
    return sample_after(first_step + step) + (rank * passes_per_step() + pass) * micro_batch;
  }
};

}  // namespace convoy
