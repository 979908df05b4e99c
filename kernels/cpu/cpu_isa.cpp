#include "kernels/cpu/cpu_isa.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"

namespace convoy::cpu {
namespace {

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
  if (!__builtin_cpu_supports("amx-tile") || !__builtin_cpu_supports("amx-bf16")) return Isa::avx512_bf16;
  return Isa::amx;
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
