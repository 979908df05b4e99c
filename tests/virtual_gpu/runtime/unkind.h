// Chances by which the libraries' stand-ins are as unkind as their documentation allows: VGPU_UNKIND=SEED, see
// README.md.
#pragma once
#include <cstdint>
#include <string_view>

#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::vgpu {
inline bool is_unkind() { return vgpu_unkind() != 0; }

// A number in [0, sides) that depends on the seed and on what it is about: the same in every process.
inline uint64_t chance(std::string_view about, uint64_t sides) {
  uint64_t hash = vgpu_unkind() * 0x9E3779B97F4A7C15u;
  for (const char c : about) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return (hash ^ hash >> 29) * 0xBF58476D1CE4E5B9u % (sides << 20) >> 20;
}
}  // namespace convoy::vgpu
