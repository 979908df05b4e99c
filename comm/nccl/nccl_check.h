// NCCL_CHECK(call) and CUDA_CHECK(call) throw InternalError quoting the call; NCCL_WARN and CUDA_WARN log, for
// destructors. A call of NCCL that is still in progress has not failed.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <string>

namespace convoy::nccl {

inline bool failed(ncclResult_t state) { return state != ncclSuccess && state != ncclInProgress; }

// "remote process exited or there was a network error (6)" and, on a new sentence, what NCCL said last in this process.
std::string explain(ncclResult_t state);

void check(ncclResult_t state, const char* call);
void warn(ncclResult_t state, const char* call) noexcept;
void check(cudaError_t status, const char* call);
void warn(cudaError_t status, const char* call) noexcept;

}  // namespace convoy::nccl

#define NCCL_CHECK(call) ::convoy::nccl::check((call), #call)
#define NCCL_WARN(call) ::convoy::nccl::warn((call), #call)
#define CUDA_CHECK(call) ::convoy::nccl::check((call), #call)
#define CUDA_WARN(call) ::convoy::nccl::warn((call), #call)
