// Streams and events of a CUDA device.
#pragma once

#include <cuda_runtime_api.h>

#include <exception>
#include <mutex>

#include "core/base/owned.h"
#include "core/device/stream.h"
#include "kernels/cuda/cuda_check.h"

namespace convoy::cuda {

inline void close_stream(cudaStream_t s) noexcept { CUDA_WARN(cudaStreamDestroy(s)); }
inline void close_event(cudaEvent_t e) noexcept { CUDA_WARN(cudaEventDestroy(e)); }

class CudaEvent final : public Event {
 public:
  CudaEvent();
  cudaEvent_t handle() const { return event_.get(); }

 private:
  Owned<cudaEvent_t, close_event> event_;
};

inline void close_device_memory(unsigned* memory) noexcept { CUDA_WARN(cudaFree(memory)); }

// Zeros in device memory that the kernels of one stream count with: kernels/cuda/last_block.h. Behind them, room for
// the blocks' partial results where an operator has no scratch.
inline constexpr unsigned kManyCounters = 4096;
inline constexpr size_t kStreamScratchBytes = 64 << 10;

// Communication streams get the highest priority, so that a transfer starts as soon as its gradients are ready.
//
// run() enqueues a host function: CUDA's driver thread calls it in stream order. What it throws is kept and thrown by
// the next synchronize(); later host functions of the stream are then not called.
class CudaStream final : public Stream {
 public:
  CudaStream(int device, StreamKind kind);
  ~CudaStream() override;

  void record(Event& event) override;
  void wait(Event& event) override;
  void run(std::function<void()> work) override;
  void copy(void* to, const void* from, size_t bytes) override;
  void copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) override;
  void zero(void* memory, size_t bytes) override;
  void synchronize() override;
  void* native_handle() const override { return stream_.get(); }

  cudaStream_t handle() const { return stream_.get(); }
  int device() const { return device_; }
  unsigned* counters() const { return counters_.get(); }             // kManyCounters
  void* scratch() const { return counters_.get() + kManyCounters; }  // kStreamScratchBytes

 private:
  struct HostWork;
  void call(HostWork& work) noexcept;

  int device_;
  Owned<cudaStream_t, close_stream> stream_;
  Owned<unsigned*, close_device_memory> counters_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// The stream of an operator's call: every Stream handed to CudaOps is a CudaStream.
inline cudaStream_t handle(Stream& stream) { return static_cast<CudaStream&>(stream).handle(); }
inline unsigned* counters(Stream& stream) { return static_cast<CudaStream&>(stream).counters(); }
inline void* stream_scratch(Stream& stream) { return static_cast<CudaStream&>(stream).scratch(); }

}  // namespace convoy::cuda
