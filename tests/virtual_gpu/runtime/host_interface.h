// What libcudart's stand-in gives the stand-ins of other libraries (cuBLASLt, NCCL), which link to it.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

// What work of an asynchronous operation returns while it waits for something outside the streams.
inline constexpr int kVgpuPending = -1;
// Makes the work of an asynchronous operation, given a handle of the operation.
using VgpuIssue = std::function<std::function<int()>(const std::shared_ptr<void>& operation)>;

extern "C" {
// Appends work to a stream (null: the legacy stream), or to the graph that it captures. The work runs on the host, in
// stream order, and returns a cudaError_t.
void vgpu_enqueue(cudaStream_t stream, const std::function<int()>* work);
// The same for a part of an operation: cudaGraphGetNodes does not count it.
void vgpu_enqueue_part(cudaStream_t stream, const std::function<int()>* work);

// Appends an operation that may be pending: its work is asked again and again, in stream order, until it returns
// something else. `issue` is called at once, or at each launch of the graph that the stream captures, in the order in
// which the nodes were captured.
void vgpu_enqueue_asynchronous(cudaStream_t stream, const VgpuIssue* issue);
// Runs what has to be done before the operation, and asks it, as far as that goes without waiting. From any thread.
void vgpu_advance(const std::shared_ptr<void>* operation);
// Says that what a pending operation waits for may have come. From any thread.
void vgpu_wake();

// Where the host may touch [p, p + bytes) of device or pinned memory; null, after a message that begins with `what`, if
// that is not valid memory. To be called by the work, not when it is enqueued: what is live may have changed by then.
void* vgpu_host_pointer(const void* p, size_t bytes, const char* what);

// Threads to compute with: VGPU_THREADS.
int vgpu_threads();
// The seed of VGPU_UNKIND; 0: libraries are kind.
uint64_t vgpu_unkind();
// Where time is counted (VGPU_TIME=counted): events see so much more of it from now on.
void vgpu_spend(double ms);
// Whether VGPU_PROFILE asks for counters.
bool vgpu_profiling();
// Counts one launch by a library under the name `operation` in the profile.
void vgpu_profile(const char* operation, uint64_t bytes_read, uint64_t bytes_written, uint64_t matrix_flops,
                  double seconds);
}
