#include "kernels/cuda/cuda_stream.h"

#include <memory>
#include <utility>

#include "core/base/logging.h"

namespace convoy::cuda {

namespace {

cudaStream_t open_stream(int device, StreamKind kind) {
  int least = 0, greatest = 0;
  CUDA_CHECK(cudaSetDevice(device));
  CUDA_CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  cudaStream_t stream = nullptr;
  CUDA_CHECK(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking,
                                          kind == StreamKind::communication ? greatest : least));
  return stream;
}

unsigned* make_counters(cudaStream_t stream) {
  void* memory = nullptr;
  CUDA_CHECK(cudaMalloc(&memory, kManyCounters * sizeof(unsigned) + kStreamScratchBytes));
  CUDA_CHECK(cudaMemsetAsync(memory, 0, kManyCounters * sizeof(unsigned), stream));
  return static_cast<unsigned*>(memory);
}

cudaEvent_t open_event() {
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return event;
}

cudaEvent_t event_handle(Event& event) { return static_cast<CudaEvent&>(event).handle(); }

}  // namespace

struct CudaStream::HostWork {
  CudaStream& stream;
  std::function<void()> work;
};

CudaEvent::CudaEvent() : event_(open_event()) {}

CudaStream::CudaStream(int device, StreamKind kind)
    : device_(device), stream_(open_stream(device, kind)), counters_(make_counters(handle())) {}

CudaStream::~CudaStream() {
  CUDA_WARN(cudaSetDevice(device_));  // perhaps another thread's than its maker's
  CUDA_WARN(cudaStreamSynchronize(handle()));
  if (failure_) logging::warn("work on a CUDA stream failed and nobody asked");
}

void CudaStream::record(Event& event) { CUDA_CHECK(cudaEventRecord(event_handle(event), handle())); }

void CudaStream::wait(Event& event) { CUDA_CHECK(cudaStreamWaitEvent(handle(), event_handle(event), 0)); }

void CudaStream::call(HostWork& work) noexcept {
  const std::lock_guard lock(mutex_);
  if (failure_) return;
  try {
    work.work();
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void CudaStream::run(std::function<void()> work) {
  auto host_work = std::make_unique<HostWork>(HostWork{*this, std::move(work)});
  CUDA_CHECK(cudaLaunchHostFunc(
      handle(),
      [](void* argument) {
        const std::unique_ptr<HostWork> mine(static_cast<HostWork*>(argument));
        mine->stream.call(*mine);
      },
      host_work.get()));
  host_work.release();
}

void CudaStream::copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0) CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, handle()));
}

void CudaStream::copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) {
  if (width > 0 && rows > 0)
    CUDA_CHECK(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, rows, cudaMemcpyDefault, handle()));
}

void CudaStream::zero(void* memory, size_t bytes) {
  if (bytes > 0) CUDA_CHECK(cudaMemsetAsync(memory, 0, bytes, handle()));
}

void CudaStream::synchronize() {
  CUDA_CHECK(cudaStreamSynchronize(handle()));
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace convoy::cuda
