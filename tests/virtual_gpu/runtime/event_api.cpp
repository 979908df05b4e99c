// Events: order between streams, and host time.
#include <cuda_runtime_api.h>
#include <time.h>

#include <cstdio>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/settings.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
Streams& streams() { return Streams::get(); }

double now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

// A stream that waits for an event of a capture joins that capture.
cudaError_t join_capture(CUstream_st* stream, const CUevent_st& event) {
  if (stream->capture && stream->capture != event.capture) return cudaErrorStreamCaptureMerge;
  stream->capture = event.capture;
  stream->capture_tail.insert(stream->capture_tail.end(), event.nodes.begin(), event.nodes.end());
  return cudaSuccess;
}
}  // namespace

extern "C" {
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const ContextLock lock;
  *event = new CUevent_st;
  (*event)->timing = !(flags & cudaEventDisableTiming);
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const ContextLock lock;
  if (!event) return remember(cudaErrorInvalidResourceHandle);
  streams().wait(event->operation);
  delete event;
  return finish();
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned) {
  return api_call([&] {
    if (!event) return cudaErrorInvalidResourceHandle;
    CUstream_st* s = streams().resolve(stream);
    event->recorded = true;
    event->capture = s->capture;
    if (s->capture) {
      event->nodes = s->capture_tail;
      return cudaSuccess;
    }
    event->operation = streams().enqueue(s, [event] {
      event->time_ms = settings().counted_time ? counted_ms() : now_ms();
      return 0;
    });
    return sticky_error();
  });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return api_call([&] {
    CUstream_st* s = streams().resolve(stream);
    if (!event) return cudaErrorInvalidResourceHandle;
    if (!event->recorded) return cudaSuccess;
    if (event->capture) return join_capture(s, *event);
    if (s->capture) return cudaErrorStreamCaptureIsolation;
    streams().enqueue(
        s, [] { return 0; }, NodeKind::part, event->operation);
    return sticky_error();
  });
}

// Says "not ready" once for an event to come, and lets it happen: a loop of queries ends.
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const ContextLock lock;
  if (sticky_error()) return finish();
  if (!event) return remember(cudaErrorInvalidResourceHandle);
  if (event->capture) return remember(cudaErrorCapturedEvent);
  if (!event->operation || event->operation->done) return cudaSuccess;
  streams().advance(event->operation);
  return sticky_error() ? finish() : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const ContextLock lock;
  if (!event) return remember(cudaErrorInvalidResourceHandle);
  if (event->capture) return remember(cudaErrorCapturedEvent);
  streams().wait(event->operation);
  fflush(stdout);
  return finish();
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  const ContextLock lock;
  for (const CUevent_st* event : {begin, end}) {
    if (!event || !event->recorded || !event->timing) return remember(cudaErrorInvalidResourceHandle);
    if (event->operation && !event->operation->done) return remember(cudaErrorNotReady);
  }
  *ms = static_cast<float>(end->time_ms - begin->time_ms);
  return finish();
}
}
