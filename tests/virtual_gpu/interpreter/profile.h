// Counters of the whole run, one row a kernel, written to the file that VGPU_PROFILE names.
#pragma once
#include <string>

#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
bool is_profiling();
// Counts one launch of `name`; equal names share a row. Safe to call from several threads.
void add_to_profile(const std::string& name, u64 blocks, double seconds, const Counters& counters);
// Adds what the block's instructions count as to `counters`, and starts the block's own counts anew.
void collect_counts(Block& block, Counters& counters);
// Writes the file; README.md describes the columns. Does nothing unless profiling.
void write_profile();
}  // namespace convoy::vgpu
