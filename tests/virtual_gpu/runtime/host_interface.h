// What libcudart's stand-in gives the stand-ins of other libraries (cuBLASLt, NCCL), which link to it.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>

extern "C" {
// Appends work to a stream (null: the legacy stream), or to the graph that it captures. The work runs on the host, in
// stream order, and returns a cudaError_t.
void vgpu_enqueue(cudaStream_t stream, const std::function<int()>* work);
// The same for a part of an operation: cudaGraphGetNodes does not count it.
void vgpu_enqueue_part(cudaStream_t stream, const std::function<int()>* work);

// Where the host may touch [p, p + bytes) of device or pinned memory; null, after a message that begins with `what`, if
// that is not valid memory. To be called by the work, not when it is enqueued: what is live may have changed by then.
void* vgpu_host_pointer(const void* p, size_t bytes, const char* what);

// Whether VGPU_PROFILE asks for counters.
bool vgpu_profiling();
// Counts one launch by a library under the name `operation` in the profile.
void vgpu_profile(const char* operation, uint64_t bytes_read, uint64_t bytes_written, uint64_t matrix_flops,
                  double seconds);
}
