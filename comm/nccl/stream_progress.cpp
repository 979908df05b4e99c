#include "comm/nccl/stream_progress.h"

#include <utility>

#include "comm/nccl/nccl_check.h"

namespace convoy::nccl {
namespace {

bool reached(const CudaEvent& event) {
  const cudaError_t status = cudaEventQuery(event.get());
  if (status == cudaErrorNotReady) return false;
  check(status, "cudaEventQuery");
  return true;
}

}  // namespace

void close_event(cudaEvent_t event) noexcept { CUDA_WARN(cudaEventDestroy(event)); }

void StreamProgress::begin(cudaStream_t stream, const char* what, size_t bytes) {
  const std::lock_guard lock(mutex_);
  poll_locked();
  Collective collective{.what = what, .bytes = bytes, .label = log_.label(), .before = take_event()};
  CUDA_CHECK(cudaEventRecord(collective.before.get(), stream));
  waiting_.push_back(std::move(collective));
}

void StreamProgress::end(cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  CudaEvent after = take_event();
  CUDA_CHECK(cudaEventRecord(after.get(), stream));
  waiting_.back().after = std::move(after);
}

void StreamProgress::poll() {
  const std::lock_guard lock(mutex_);
  poll_locked();
}

bool StreamProgress::idle() {
  const std::lock_guard lock(mutex_);
  poll_locked();
  return waiting_.empty();
}

std::optional<CollectiveRecord> StreamProgress::oldest_unfinished() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  const Collective& oldest = waiting_.front();
  return CollectiveRecord{.what = oldest.what, .bytes = oldest.bytes, .label = oldest.label};
}

// Any thread: one without a device would get it, and its memory, on the first GPU.
void StreamProgress::poll_locked() {
  CUDA_CHECK(cudaSetDevice(device_));
  while (!waiting_.empty() && advance(waiting_.front())) {
    spare_.push_back(std::move(waiting_.front().before));
    spare_.push_back(std::move(waiting_.front().after));
    waiting_.pop_front();
  }
}

// True once the stream has passed the collective.
bool StreamProgress::advance(Collective& collective) {
  const bool passed = collective.after && reached(collective.after);
  if (!collective.number && (passed || reached(collective.before)))
    collective.number = log_.enter(collective.what, collective.bytes, collective.label);
  if (passed) log_.leave(*collective.number);
  return passed;
}

CudaEvent StreamProgress::take_event() {
  if (!spare_.empty()) {
    CudaEvent event = std::move(spare_.back());
    spare_.pop_back();
    return event;
  }
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return CudaEvent(event);
}

}  // namespace convoy::nccl
