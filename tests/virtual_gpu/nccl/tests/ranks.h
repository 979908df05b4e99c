// Ranks of a communicator as threads of one process, one device each.
#pragma once
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>
#include <nccl.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace convoy {
void check_cuda(cudaError_t error, const char* call);
void check_nccl(ncclResult_t result, const char* call);
struct NcclError : std::runtime_error {
  NcclError(ncclResult_t c, const std::string& message) : std::runtime_error(message), code(c) {}
  ncclResult_t code;
};
// Throw std::runtime_error or NcclError, which on_ranks() and GoogleTest report.
#define CUDA_OK(call) ::convoy::check_cuda(call, #call)
#define NCCL_OK(call) ::convoy::check_nccl(call, #call)

// Memory of the current device, filled with NaN or -1 by the virtual GPU.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t size) : size_(size) { CUDA_OK(cudaMalloc(&data_, size * sizeof(T))); }
  explicit DeviceArray(const std::vector<T>& host) : DeviceArray(host.size()) {
    CUDA_OK(cudaMemcpy(data_, host.data(), size_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() { return data_; }
  size_t size() const { return size_; }
  std::vector<T> read() {
    std::vector<T> host(size_);
    CUDA_OK(cudaMemcpy(host.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost));
    return host;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

// A stream that waits for no other, and an event, of the current device.
struct Stream {
  Stream() { CUDA_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t stream = nullptr;
};

struct Event {
  Event() { CUDA_OK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming)); }
  ~Event() { cudaEventDestroy(event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t event = nullptr;
};

struct Rank {
  int rank, ranks;
  ncclComm_t comm;
  cudaStream_t stream;
  void synchronize() const { CUDA_OK(cudaStreamSynchronize(stream)); }
};

// Runs the body on every rank, in a thread and on a device of its own, and destroys the communicators unless `abort`.
// What a body throws fails the test.
void on_ranks(int ranks, const std::function<void(Rank&)>& body, bool abort = false);

// Asks for the asynchronous error until it is not `while_it_is`, at most 10 seconds.
ncclResult_t await_state(ncclComm_t comm, ncclResult_t while_it_is);
}  // namespace convoy
