// CUDA_CHECK(call) throws, CUDA_WARN(call) logs: for destructors and for what only cleans up.
#pragma once

#include <cuda_runtime_api.h>

namespace convoy::cuda {

// InternalError: "cudaMalloc(&p, bytes) failed: out of memory (cudaErrorMemoryAllocation, 2)". A device that once
// failed stays failed, so the message names the call that told of it, which may come after the one that caused it.
void check(cudaError_t status, const char* call);
void warn(cudaError_t status, const char* call) noexcept;

}  // namespace convoy::cuda

#define CUDA_CHECK(call) ::convoy::cuda::check((call), #call)
#define CUDA_WARN(call) ::convoy::cuda::warn((call), #call)
