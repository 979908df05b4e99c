// Directed rounding: a handler run under another rounding mode of the processor.
#pragma once

#include "tests/virtual_gpu/interpreter/decoder.h"

namespace convoy::vgpu {

// Consumes .rn, .rz, .rm or .rp and keeps it in i.sub (a Rounding; kRn when there is none).
void decode_rounding(InstDecoder& d);
// Wraps i.fn unless i.sub is kRn. Call it once i.fn is set.
void apply_rounding(Inst& i);

}  // namespace convoy::vgpu
