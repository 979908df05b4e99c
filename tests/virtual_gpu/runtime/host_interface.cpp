#include "tests/virtual_gpu/runtime/host_interface.h"

#include <cstdio>

#include "tests/virtual_gpu/interpreter/profile.h"
#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/host_view.h"
#include "tests/virtual_gpu/runtime/settings.h"
#include "tests/virtual_gpu/runtime/streams.h"

namespace convoy::vgpu {
namespace {
std::string text_of(const void* p) {
  char text[32];
  snprintf(text, sizeof text, "%p", p);
  return text;
}

void enqueue(cudaStream_t stream, const Work& work, NodeKind kind) {
  const ApiLock lock;
  Streams& streams = Streams::get();
  streams.enqueue(streams.resolve(stream), work, kind);
}
}  // namespace

uint8_t* host_view(const void* p, size_t bytes, const char* what) {
  const auto address = reinterpret_cast<uint64_t>(p);
  const DeviceMemory& memory = DeviceMemory::get();
  if (!DeviceMemory::contains(p)) return reinterpret_cast<uint8_t*>(address);
  const auto range = memory.range_at(address);
  if (range && address + bytes <= range->end) return memory.to_host(address);
  complain(std::string(what) + " of " + std::to_string(bytes) + " bytes at " + text_of(p) + ": " +
           memory.describe(address, bytes));
  return nullptr;
}
}  // namespace convoy::vgpu

using namespace convoy::vgpu;

extern "C" {
void vgpu_enqueue(cudaStream_t stream, const std::function<int()>* work) { enqueue(stream, *work, NodeKind::whole); }
void vgpu_enqueue_part(cudaStream_t stream, const std::function<int()>* work) {
  enqueue(stream, *work, NodeKind::part);
}

void vgpu_enqueue_asynchronous(cudaStream_t stream, const VgpuIssue* issue) {
  const ApiLock lock;
  Streams& streams = Streams::get();
  streams.enqueue_issue(streams.resolve(stream), [issue = *issue](const OperationPtr& o) { return issue(o); });
}

void vgpu_advance(const std::shared_ptr<void>* operation) {
  const ApiLock lock;
  Streams::get().advance(std::static_pointer_cast<Operation>(*operation));
}

void* vgpu_host_pointer(const void* p, size_t bytes, const char* what) {
  if (!bytes) return const_cast<void*>(p);
  if (DeviceMemory::contains(p) || DeviceMemory::get().is_pinned(p)) return host_view(p, bytes, what);
  complain(std::string(what) + " is not device memory: " + text_of(p));
  return nullptr;
}

int vgpu_threads() { return settings().threads; }

uint64_t vgpu_unkind() { return settings().unkind; }

void vgpu_spend(double ms) {
  const ApiLock lock;
  counted_ms() += ms;
}

bool vgpu_profiling() { return is_profiling(); }

void vgpu_profile(const char* operation, uint64_t bytes_read, uint64_t bytes_written, uint64_t matrix_flops,
                  double seconds) {
  Counters counters;
  counters.ld_bytes = bytes_read;
  counters.ld_sectors = (bytes_read + 31) / 32;
  counters.st_bytes = bytes_written;
  counters.st_sectors = (bytes_written + 31) / 32;
  counters.mma_flops = matrix_flops;
  add_to_profile(operation, 0, seconds, counters);
}
}
