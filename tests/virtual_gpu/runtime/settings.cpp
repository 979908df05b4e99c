#include "tests/virtual_gpu/runtime/settings.h"

#include <cstdlib>

namespace convoy::vgpu {
namespace {
long number(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text && *text ? strtol(text, nullptr, 0) : otherwise;
}

Settings read_environment() {
  Settings s;
  s.threads = static_cast<int>(number("VGPU_THREADS", s.threads));
  s.race_check = static_cast<int>(number("VGPU_RACECHECK", s.race_check));
  s.race_warn = number("VGPU_RACEWARN", 0) != 0;
  s.eager = number("VGPU_EAGER", 0) != 0;
  s.seed = static_cast<uint64_t>(number("VGPU_SEED", 1));
  s.devices = static_cast<int>(number("VGPU_DEVICES", s.devices));
  s.sm = static_cast<int>(number("VGPU_SM", s.sm));
  s.memory_bytes = static_cast<uint64_t>(number("VGPU_MEM_MB", 0)) << 20;
  if (const char* file = getenv("VGPU_PROFILE")) s.profile = file;
  s.verbose = number("VGPU_VERBOSE", 0) != 0;
  if (const char* time = getenv("VGPU_TIME")) s.counted_time = std::string(time) == "counted";
  s.unkind = static_cast<uint64_t>(number("VGPU_UNKIND", 0));
  s.decode_all = number("VGPU_DECODE", 0) != 0;
  return s;
}
}  // namespace

const Settings& settings() {
  static const Settings& s = *new Settings(read_environment());  // never destroyed: read at exit
  return s;
}
}  // namespace convoy::vgpu
