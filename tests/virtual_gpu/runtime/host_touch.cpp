// The host program touches device memory: said in words, before the process ends with the status of a device error.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {
namespace {
constexpr int kDeviceErrorStatus = 86;
struct sigaction previous;

void on_fault(int signal, siginfo_t* info, void*) {
  if (DeviceMemory::contains(info->si_addr)) {
    const auto address = reinterpret_cast<uint64_t>(info->si_addr);
    fprintf(stderr, "vgpu: the host touched device memory at %p: %s; copy it by cudaMemcpy\n", info->si_addr,
            DeviceMemory::get().describe(address, 1).c_str());
    fflush(nullptr);
    _exit(kDeviceErrorStatus);
  }
  sigaction(signal, &previous, nullptr);  // the access is repeated, and is the previous handler's business
}

__attribute__((constructor)) void at_start() {
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &previous);
}
}  // namespace
}  // namespace convoy::vgpu
