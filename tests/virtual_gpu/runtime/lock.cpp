// The lock of the API, and how a thread that has nothing to run waits without it.
#include <chrono>
#include <condition_variable>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/host_interface.h"

namespace convoy::vgpu {
namespace {
// Never destroyed: threads of other libraries may call while the process exits.
auto& api_mutex = *new std::recursive_mutex;
thread_local int times_locked = 0;

struct Bell {
  std::mutex mutex;
  std::condition_variable rings;
  uint64_t count = 0;
};
auto& bell = *new Bell;
}  // namespace

ApiLock::ApiLock() {
  api_mutex.lock();
  ++times_locked;
}

ApiLock::~ApiLock() {
  --times_locked;
  api_mutex.unlock();
}

uint64_t wakes() {
  const std::lock_guard lock(bell.mutex);
  return bell.count;
}

void sleep_unlocked(uint64_t heard) {
  const int times = times_locked;
  for (int k = 0; k < times; ++k) api_mutex.unlock();
  {
    std::unique_lock lock(bell.mutex);
    bell.rings.wait_for(lock, std::chrono::milliseconds(5), [&] { return bell.count != heard; });
  }
  for (int k = 0; k < times; ++k) api_mutex.lock();
}
}  // namespace convoy::vgpu

extern "C" void vgpu_wake() {
  auto& bell = convoy::vgpu::bell;
  const std::lock_guard lock(bell.mutex);
  ++bell.count;
  bell.rings.notify_all();
}
