// Which instructions the operators use, decided once per process: what the processor has, or less where the
// environment variable CONVOY_CPU_ISA says avx2, avx512, avx512_bf16 or amx. The limit holds for oneDNN too, so that
// every path can be tested on one machine.
//
// Each value includes those before it. avx512: the F, BW, DQ and VL subsets.
#pragma once

#include <string_view>

namespace convoy::cpu {

enum class Isa { avx2, avx512, avx512_bf16, amx };

// Throws ConfigError if CONVOY_CPU_ISA is none of the names.
Isa active_isa();
Isa processor_isa();

std::string_view name_of(Isa isa);  // "AVX-512 bf16"

}  // namespace convoy::cpu
