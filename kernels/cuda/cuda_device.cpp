#include "kernels/cuda/cuda_device.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "kernels/cuda/cublaslt_handles.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_graph.h"
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/cuda_time_mark.h"
#include "kernels/cuda/peak_flops.h"

namespace convoy::cuda {
namespace {

cudaDeviceProp select_device(int ordinal) {
  const CudaPresence presence = find_cuda();
  if (ordinal < 0 || ordinal >= presence.devices)
    throw ConfigError(presence.devices == 0 ? fmt::format("no CUDA device: {}", presence.reason)
                                            : fmt::format("CUDA device {} of {} does not exist; devices count from 0",
                                                          ordinal, presence.devices));
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaSetDevice(ordinal));
  CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
  if (properties.major < 8)
    throw ConfigError(
        fmt::format("CUDA device {} ({}) has compute capability {}.{}; 8.0 is the least, write device: cpu", ordinal,
                    properties.name, properties.major, properties.minor));
  return properties;
}

std::string uuid_text(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(const CudaDeviceOptions& options)
      : options_(options),
        properties_(select_device(options.ordinal)),
        ops_(properties_.sharedMemPerBlockOptin, options.tf32) {}

  DeviceInfo info() const override {
    return {DeviceKind::cuda, properties_.name, uuid_text(properties_.uuid), properties_.totalGlobalMem};
  }
  // cuBLASLt chooses and splits products by the number of multiprocessors.
  std::string arithmetic() const override {
    return fmt::format("{} with {} multiprocessors, CUDA {}, cuBLASLt {}", properties_.name,
                       properties_.multiProcessorCount, CUDART_VERSION, cublaslt_version());
  }
  double peak_flops(DType dtype) override {
    const PeakFlops peak = peak_flops_of(properties_.name);
    if (dtype == DType::bf16) return peak.bf16;
    return dtype == DType::f32 ? (options_.tf32 ? peak.tf32 : peak.f32) : 0;
  }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Stream> make_stream(StreamKind kind) override {
    return std::make_unique<CudaStream>(options_.ordinal, kind);
  }
  std::unique_ptr<Event> make_event() override { return std::make_unique<CudaEvent>(); }
  std::unique_ptr<TimeMark> make_time_mark() override { return std::make_unique<CudaTimeMark>(); }
  std::unique_ptr<CapturedWork> capture(Stream& stream, std::function<void()> enqueue) override {
    return record_graph(handle(stream), enqueue);
  }

 protected:
  void* allocate_raw(size_t bytes, MemoryKind kind) override;
  void release_raw(void* data, MemoryKind kind) noexcept override;

 private:
  CudaDeviceOptions options_;
  cudaDeviceProp properties_;
  CudaOps ops_;
};

void* CudaDevice::allocate_raw(size_t bytes, MemoryKind kind) {
  void* data = nullptr;
  CUDA_CHECK(cudaSetDevice(options_.ordinal));
  const cudaError_t status = kind == MemoryKind::device ? cudaMalloc(&data, bytes) : cudaMallocHost(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    size_t free_bytes = 0, all_bytes = 0;
    CUDA_CHECK(cudaMemGetInfo(&free_bytes, &all_bytes));
    throw InternalError(
        kind == MemoryKind::device
            ? fmt::format("{} bytes of memory are wanted on {}, {} of {} are free; take a smaller batch.micro or "
                          "train.recompute: block",
                          bytes, properties_.name, free_bytes, all_bytes)
            : fmt::format("{} bytes of pinned host memory are wanted and not to be had; see ulimit -l", bytes));
  }
  check(status, kind == MemoryKind::device ? "cudaMalloc" : "cudaMallocHost");
  return data;
}

void CudaDevice::release_raw(void* data, MemoryKind kind) noexcept {
  CUDA_WARN(cudaSetDevice(options_.ordinal));  // any thread's: without a device it would get one on the first GPU
  if (kind == MemoryKind::device)
    CUDA_WARN(cudaFree(data));
  else
    CUDA_WARN(cudaFreeHost(data));
}

}  // namespace

std::unique_ptr<Ops> make_planning_ops() { return std::make_unique<CudaOps>(0, false); }

std::unique_ptr<Device> make_cuda_device(const CudaDeviceOptions& options) {
  return std::make_unique<CudaDevice>(options);
}

}  // namespace convoy::cuda
