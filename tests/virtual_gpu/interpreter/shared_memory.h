// Checked access to the shared memory of a block, for opcodes outside memory.cpp.
#pragma once

#include "tests/virtual_gpu/interpreter/block_state.h"

namespace convoy::vgpu {

// Where `bytes` at shared offset `off` lie; faults outside the block's memory, between variables and where misaligned.
u8* shared_ptr(Warp& w, const Inst& i, int lane, u32 off, u32 bytes);

// Records an access and faults if it races with an earlier one. Call it before new data is written: writing the value
// that is there already is no race (new_data null: the value is not known).
void race_access(Warp& w, const Inst& i, int lane, u32 off, u32 bytes, bool write, bool atomic, const void* new_data);

// One arrival per lane at the mbarrier at address i.a + i.imm.
void mbarrier_arrive(Warp& w, const Inst& i, u32 m);

}  // namespace convoy::vgpu
