// What every function of the runtime API shares: one lock, the calling thread's device, and how errors are kept.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <mutex>
#include <string>

namespace convoy::vgpu {
// Held during an API call. Recursive: a host function that runs inside one call may make others.
class ApiLock {
 public:
  ApiLock();
  ~ApiLock();
  ApiLock(const ApiLock&) = delete;
  ApiLock& operator=(const ApiLock&) = delete;
};

// Held by calls that a context is needed for. On a GPU a thread that never chose a device gets one on the first, with
// half a gigabyte of its memory. Where the process works on other devices alone, that is an error: the program exits
// with 86.
class ContextLock : public ApiLock {
 public:
  ContextLock();
};
int stray_contexts();  // of threads, so far

// Of all the work that was counted, with the ApiLock held.
double& counted_ms();

// How often vgpu_wake was called so far.
uint64_t wakes();
// With the ApiLock held: lets go of it, sleeps until wakes() differs from `heard` or a few milliseconds have passed,
// and takes it again. Other threads may change every stream meanwhile.
void sleep_unlocked(uint64_t heard);

int current_device();
void set_current_device(int device);

// The error of the first operation that failed on the device, which every later call returns; cudaSuccess if none did.
cudaError_t sticky_error();
// Keeps `error` for cudaGetLastError and returns it.
cudaError_t remember(cudaError_t error);
// The sticky error if there is one, else cudaSuccess.
inline cudaError_t finish() { return remember(sticky_error()); }

// Runs the body of an API call under the lock; on a device that has failed it does nothing but say so.
template <class Body>
cudaError_t api_call(Body body) {
  const ContextLock lock;
  const cudaError_t sticky = sticky_error();
  return remember(sticky ? sticky : static_cast<cudaError_t>(body()));
}

// One line on stderr, "vgpu: ...": what is wrong with a call, beyond its error code.
void complain(const std::string& text);
}  // namespace convoy::vgpu
