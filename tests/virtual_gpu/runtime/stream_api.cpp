// Streams and host functions in them.
#include <cuda_runtime_api.h>

#include <cstdio>

#include "tests/virtual_gpu/interpreter/profile.h"
#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
Streams& streams() { return Streams::get(); }
}  // namespace

extern "C" {
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  const ContextLock lock;
  *stream = streams().create(flags, priority, current_device());
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return cudaStreamCreateWithPriority(stream, flags, 0);
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithPriority(stream, cudaStreamDefault, 0);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const ContextLock lock;
  if (!stream || streams().is_legacy(streams().resolve(stream))) return remember(cudaErrorInvalidResourceHandle);
  streams().destroy(stream);
  return finish();
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const ContextLock lock;
  CUstream_st* s = streams().resolve(stream);
  if (streams().capturing()) return remember(cudaErrorStreamCaptureUnsupported);
  if (streams().is_legacy(s)) streams().enqueue(s, [] { return 0; });  // it waits for the blocking streams too
  streams().wait_stream(s);
  fflush(stdout);
  return finish();
}

// Says "not ready" once for work to do, and does it: a loop of queries ends.
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const ContextLock lock;
  const CUstream_st* s = streams().resolve(stream);
  if (sticky_error()) return finish();
  if (!s->tail || s->tail->done) return cudaSuccess;
  streams().advance(s->tail);
  return sticky_error() ? finish() : cudaErrorNotReady;
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  *flags = streams().resolve(stream)->flags;
  return cudaSuccess;
}
cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  *priority = streams().resolve(stream)->priority;
  return cudaSuccess;
}
cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  const CUstream_st* s = streams().resolve(stream);
  *device = streams().is_legacy(s) ? current_device() : s->device;
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  return api_call([&] {
    streams().enqueue(streams().resolve(stream), [=] {
      if (is_profiling()) add_to_profile("cudaLaunchHostFunc", 0, 0, {});
      function(data);
      return 0;
    });
    return sticky_error();
  });
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t function, void* data, unsigned) {
  const ContextLock lock;
  streams().enqueue(streams().resolve(stream), [=] {
    function(stream, cudaSuccess, data);
    return 0;
  });
  return finish();
}

// Accepted, and without effect here.
cudaError_t cudaStreamAttachMemAsync(cudaStream_t, void*, size_t, unsigned) { return cudaSuccess; }
cudaError_t cudaStreamSetAttribute(cudaStream_t, cudaStreamAttrID, const cudaStreamAttrValue*) { return cudaSuccess; }
}
