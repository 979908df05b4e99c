// What every .cu file needs: launching a kernel, choosing the element type, and grids that fill the GPU.
#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <atomic>
#include <cstdint>

#include "core/base/integers.h"
#include "core/tensor/tensor.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_stream.h"

namespace convoy::cuda {

// Enqueues kernel<<<grid, block, shared_bytes>>>(arguments...); throws if the launch is refused. Nothing is launched
// for an empty grid.
template <class... Parameters, class... Arguments>
void launch(Stream& stream, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            Arguments... arguments) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = handle(stream);
  CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

// Lets a kernel be launched with so much dynamic shared memory; beyond 48 KiB it has to be told.
template <class... Parameters>
void allow_shared_bytes(void (*kernel)(Parameters...), size_t bytes) {
  if (bytes > size_t{48} << 10)
    CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(bytes)));
}

// launch(), for kernels with more than the 48 KiB of dynamic shared memory that need no permission. Permission is asked
// for at a kernel's first launch on each device.
template <auto kKernel, class... Arguments>
void launch_with_shared(Stream& stream, dim3 blocks, unsigned threads, int bytes, const Arguments&... arguments) {
  static std::atomic<uint64_t> permitted{0};  // bit: a device
  const uint64_t device = uint64_t{1} << (static_cast<CudaStream&>(stream).device() % 64);
  if ((permitted.load() & device) == 0) {
    CUDA_CHECK(cudaFuncSetAttribute(kKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
    permitted.fetch_or(device);
  }
  launch(stream, kKernel, blocks, threads, static_cast<size_t>(bytes), arguments...);
}

// body(Real{}) with Real float or __nv_bfloat16.
template <class Body>
void for_real(DType dtype, const Body& body) {
  if (dtype == DType::bf16)
    body(__nv_bfloat16{});
  else
    body(float{});
}

template <class Real>
Real* data_of(const Tensor& tensor) {
  return static_cast<Real*>(tensor.data);
}

// Blocks for `pieces` of work dealt out in turn: no more than a fixed number, so that a fixed assignment of work to
// blocks, and with it the order of sums, does not depend on the GPU. 132 multiprocessors with 8 blocks each are full.
inline constexpr int64_t kManyBlocks = 132 * 8;
inline unsigned blocks_for(int64_t pieces, int64_t most = kManyBlocks) {
  return static_cast<unsigned>(pieces < most ? pieces : most);
}

}  // namespace convoy::cuda
