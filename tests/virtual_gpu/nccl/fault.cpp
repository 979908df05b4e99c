#include "tests/virtual_gpu/nccl/fault.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace convoy::virtual_nccl {
namespace {
struct Fault {
  int rank = -1;
  uint64_t collective = 0;
  FaultKind kind = FaultKind::hang;
};

[[noreturn]] void refuse(const std::string& setting) {
  fprintf(stderr,
          "vgpu: NCCL: VGPU_NCCL_FAULT is \"%s\"; wanted as in \"rank=1,collective=3,kind=hang\" with kind one of "
          "hang, error, exit\n",
          setting.c_str());
  fflush(nullptr);
  _exit(2);
}

bool read_field(const std::string& key, const std::string& value, Fault& fault) {
  if (key == "kind") {
    fault.kind = value == "hang" ? FaultKind::hang : value == "error" ? FaultKind::error : FaultKind::exit;
    return value == "hang" || value == "error" || value == "exit";
  }
  char* end = nullptr;
  const long number = strtol(value.c_str(), &end, 10);
  if (value.empty() || *end || number < 0) return false;
  if (key == "rank") fault.rank = static_cast<int>(number);
  if (key == "collective") fault.collective = static_cast<uint64_t>(number);
  return key == "rank" || key == "collective";
}

Fault read_setting() {
  Fault fault;
  const char* setting = getenv("VGPU_NCCL_FAULT");
  if (!setting || !*setting) return fault;
  std::istringstream fields(setting);
  for (std::string field; std::getline(fields, field, ',');) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos || !read_field(field.substr(0, equals), field.substr(equals + 1), fault))
      refuse(setting);
  }
  if (fault.rank < 0 || !fault.collective) refuse(setting);
  return fault;
}

const Fault& fault() {
  static const Fault value = read_setting();
  return value;
}
}  // namespace

std::optional<FaultKind> take_fault(int rank, uint64_t number) {
  static std::atomic<bool> taken = false;
  if (rank != fault().rank || number != fault().collective || taken.exchange(true)) return std::nullopt;
  return fault().kind;
}

void check_fault_setting() { fault(); }
}  // namespace convoy::virtual_nccl
