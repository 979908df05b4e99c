// Grids of kernels whose results do not depend on which block does what.
#pragma once

#include <array>
#include <atomic>

#include "kernels/cuda/launch.h"

namespace convoy::cuda {

// Blocks for `pieces` of work dealt out in turn: as many as the GPU runs at a time, so that none waits for a turn
// behind the others. For sums see blocks_for().
template <auto kKernel>
unsigned resident_blocks(Stream& stream, unsigned threads, int64_t pieces) {
  static std::array<std::atomic<int>, 64> known{};  // by device
  const int device = static_cast<CudaStream&>(stream).device();
  std::atomic<int>& resident = known[static_cast<size_t>(device) % known.size()];
  if (resident.load() == 0) {
    int blocks = 0, multiprocessors = 0;
    CUDA_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kKernel, static_cast<int>(threads), 0));
    CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
    resident.store(blocks * multiprocessors);
  }
  return blocks_for(pieces, resident.load());
}

}  // namespace convoy::cuda
