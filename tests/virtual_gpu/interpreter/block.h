// Inside the running of one thread block.
#pragma once
#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/interpreter/fault_codes.h"

namespace convoy::vgpu {
// Fills the lanes of the special registers that the program uses; in later blocks of a launch, of those that differ from
// block to block.
void write_special_registers(const Block& block, const Warp& warp, bool new_launch);

// Runs a warp until none of its lanes can go on, or for about `slice` instructions. False: nothing could.
bool run_warp(Block& block, Warp& warp, u64 slice);

// The lanes of `mask` whose register holds the same as that of the first of them.
inline u32 lanes_that_agree(const u32* values, u32 mask) {
  const u32 value = values[__builtin_ctz(mask)];
  u32 same = 0;
  for_lanes(mask, [&](int l) { same |= values[l] == value ? 1u << l : 0; });
  return same;
}
}  // namespace convoy::vgpu
