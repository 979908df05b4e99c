// Calls of device functions: arguments and results are copied between statically placed parameter variables.
#pragma once

#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {

// Emits the copies of the results that stand behind a call.
void decode_call_returns(ProgramBuilder& builder, PlacedFunction& caller, const ParsedInst& call);

}  // namespace convoy::vgpu
