// Additions and products with a carry chain: add.cc, addc, sub.cc, subc, mad.cc, madc.
#pragma once

#include "tests/virtual_gpu/interpreter/decoder.h"

namespace convoy::vgpu {

enum CarryOperation : u8 { kCarryAdd, kCarrySub, kCarryMadLo, kCarryMadHi };

// Sets the handler. The operands are set by the caller; a lane has one carry bit, shared by all chains.
void decode_carry(Inst& i, Type t, CarryOperation operation, bool reads_carry, bool writes_carry);

}  // namespace convoy::vgpu
