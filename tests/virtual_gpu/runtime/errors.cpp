// Errors: the thread's last one, the device's sticky one, their names, and what they do to the exit status.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/virtual_gpu/interpreter/profile.h"
#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/streams.h"

namespace convoy::vgpu {
namespace {
thread_local int device = 0;
thread_local bool has_device = false, is_stray = false;
bool uses_first = false, uses_others = false;
int strays = 0;
thread_local cudaError_t last_error = cudaSuccess;

// Work may be pending when the program ends. One that met a device error must not look successful: it exits with 86.
void at_exit(int status, void*) {
  Streams::get().advance_all();
  write_profile();
  if (status != 0 || (!sticky_error() && strays == 0)) return;
  fflush(nullptr);
  complain(std::string("exiting with status 86 after a device error: ") +
           (sticky_error() ? cudaGetErrorString(sticky_error()) : "threads that chose no device"));
  _exit(86);
}
__attribute__((constructor)) void at_start() { on_exit(at_exit, nullptr); }
}  // namespace

int current_device() { return device; }
void set_current_device(int index) {
  const ApiLock lock;
  device = index;
  has_device = true;
  (index == 0 ? uses_first : uses_others) = true;
}

ContextLock::ContextLock() {
  if (has_device || is_stray || !uses_others || uses_first) return;
  is_stray = true;
  ++strays;
  complain(
      "a thread calls CUDA that never called cudaSetDevice: it gets a context on device 0, where this process has "
      "no work");
}

int stray_contexts() { return strays; }

double& counted_ms() {
  static double ms = 0;
  return ms;
}
cudaError_t sticky_error() { return static_cast<cudaError_t>(Streams::get().first_error()); }

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void complain(const std::string& text) { fprintf(stderr, "vgpu: %s\n", text.c_str()); }

namespace {
struct ErrorText {
  cudaError_t error;
  const char *name, *text;  // text: null where the name has to do
};
#define ERROR_TEXT(code, text) \
  { code, #code, text }
constexpr ErrorText kErrors[] = {
    ERROR_TEXT(cudaSuccess, "no error"),
    ERROR_TEXT(cudaErrorInvalidValue, "invalid argument"),
    ERROR_TEXT(cudaErrorMemoryAllocation, "out of memory"),
    ERROR_TEXT(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    ERROR_TEXT(cudaErrorInvalidDevice, "invalid device ordinal"),
    ERROR_TEXT(cudaErrorInvalidSymbol, "invalid device symbol"),
    ERROR_TEXT(cudaErrorInvalidDeviceFunction, "invalid device function"),
    ERROR_TEXT(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device"),
    ERROR_TEXT(cudaErrorInvalidPtx, "a PTX JIT compilation failed"),
    ERROR_TEXT(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    ERROR_TEXT(cudaErrorMisalignedAddress, "misaligned address"),
    ERROR_TEXT(cudaErrorLaunchFailure, "unspecified launch failure"),
    ERROR_TEXT(cudaErrorLaunchTimeout, "the launch timed out and was terminated"),
    ERROR_TEXT(cudaErrorAssert, "device-side assert triggered"),
    ERROR_TEXT(cudaErrorNotReady, "device not ready"),
    ERROR_TEXT(cudaErrorNotSupported, "operation not supported"),
    ERROR_TEXT(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    ERROR_TEXT(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    ERROR_TEXT(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    ERROR_TEXT(cudaErrorStreamCaptureMerge, "operation would result in a merge of separate capture sequences"),
    ERROR_TEXT(cudaErrorStreamCaptureUnmatched, "capture was not initiated in this stream"),
    ERROR_TEXT(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    ERROR_TEXT(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"),
    ERROR_TEXT(cudaErrorStreamCaptureImplicit,
               "operation would make the legacy stream depend on a capturing blocking stream"),
    ERROR_TEXT(cudaErrorIllegalState, "the operation cannot be performed in the present state"),
    ERROR_TEXT(cudaErrorHostMemoryNotRegistered, "pointer does not correspond to a registered memory region"),
};
#undef ERROR_TEXT

const ErrorText* find_error(cudaError_t error) {
  for (const ErrorText& e : kErrors)
    if (e.error == error) return &e;
  return nullptr;
}
}  // namespace
}  // namespace convoy::vgpu

using namespace convoy::vgpu;

extern "C" {
cudaError_t cudaGetLastError() {
  const ApiLock lock;
  const cudaError_t error = sticky_error() ? sticky_error() : last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  const ApiLock lock;
  return sticky_error() ? sticky_error() : last_error;
}

const char* cudaGetErrorName(cudaError_t error) {
  const ErrorText* e = find_error(error);
  return e ? e->name : "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  const ErrorText* e = find_error(error);
  return e ? e->text : "unrecognized error code";
}
}
