#include "kernels/cpu/cpu_isa.h"

#include <cpuid.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"

namespace convoy::cpu {
namespace {

// By hand, since not every compiler's __builtin_cpu_supports knows it. Leaf 7 of cpuid, EDX: bit 24 amx-tile, 22
// amx-bf16.
bool has_amx() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kAmxTileAndBf16 = 1u << 24 | 1u << 22;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxTileAndBf16) == kAmxTileAndBf16;
}

Isa isa_limit() {
  const char* wanted = std::getenv("CONVOY_CPU_ISA");
  if (wanted == nullptr || *wanted == '\0') return Isa::amx;
  const std::string_view name = wanted;
  if (name == "avx2") return Isa::avx2;
  if (name == "avx512") return Isa::avx512;
  if (name == "avx512_bf16") return Isa::avx512_bf16;
  if (name == "amx") return Isa::amx;
  throw ConfigError(fmt::format(
      "CONVOY_CPU_ISA={} is not an instruction set; use avx2, avx512, avx512_bf16 or amx, or unset it", name));
}

}  // namespace

Isa processor_isa() {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return Isa::avx2;
  if (!__builtin_cpu_supports("avx512bf16")) return Isa::avx512;
  return has_amx() ? Isa::amx : Isa::avx512_bf16;
}

Isa active_isa() {
  static const Isa isa = std::min(processor_isa(), isa_limit());
  return isa;
}

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "AVX2";
    case Isa::avx512:
      return "AVX-512";
    case Isa::avx512_bf16:
      return "AVX-512 bf16";
    case Isa::amx:
      return "AMX";
  }
  return "?";
}

}  // namespace convoy::cpu
