// Copies and fills, in stream order; pinned host memory is copied asynchronously, pageable memory as the driver does
// it.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>
#include <vector>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/host_view.h"
#include "tests/virtual_gpu/runtime/images.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
bool on_device(const void* p) { return DeviceMemory::contains(p); }
bool is_pinned(const void* p) { return DeviceMemory::get().is_pinned(p); }
bool is_pageable(const void* p) { return !on_device(p) && !is_pinned(p); }

struct Rows {  // what is copied: `rows` pieces of row_bytes, each a pitch after the one before
  void* to;
  size_t to_pitch;
  const void* from;
  size_t from_pitch;
  size_t row_bytes, rows;
  size_t to_bytes() const { return to_pitch * (rows - 1) + row_bytes; }
  size_t from_bytes() const { return from_pitch * (rows - 1) + row_bytes; }
};
Rows one_row(void* to, const void* from, size_t bytes) { return {to, bytes, from, bytes, bytes, 1}; }

bool direction_fits(const Rows& r, cudaMemcpyKind kind) {
  switch (kind) {
    case cudaMemcpyHostToDevice:
      return (on_device(r.to) || is_pinned(r.to)) && !on_device(r.from);
    case cudaMemcpyDeviceToHost:
      return !on_device(r.to) && (on_device(r.from) || is_pinned(r.from));
    case cudaMemcpyDeviceToDevice:
      return !is_pageable(r.to) && !is_pageable(r.from);
    case cudaMemcpyHostToHost:
      return !on_device(r.to) && !on_device(r.from);
    default:
      return true;
  }
}

int copy_now(const Rows& r) {
  uint8_t* to = host_view(r.to, r.to_bytes(), "copy to");
  const uint8_t* from = host_view(r.from, r.from_bytes(), "copy from");
  if (!to || !from) return cudaErrorInvalidValue;
  for (size_t row = 0; row < r.rows; ++row) memmove(to + row * r.to_pitch, from + row * r.from_pitch, r.row_bytes);
  return cudaSuccess;
}

// The driver reads a pageable source before it returns.
void enqueue_staged(const Rows& r, CUstream_st* stream) {
  auto staged = std::make_shared<std::vector<uint8_t>>(r.row_bytes * r.rows);
  for (size_t row = 0; row < r.rows; ++row)
    memcpy(staged->data() + row * r.row_bytes, static_cast<const uint8_t*>(r.from) + row * r.from_pitch, r.row_bytes);
  Rows from_staged = r;
  from_staged.from = staged->data();
  from_staged.from_pitch = r.row_bytes;
  Streams::get().enqueue(stream, [from_staged, staged] { return copy_now(from_staged); });
}

enum class Waits { yes, no };
cudaError_t copy(const Rows& r, cudaMemcpyKind kind, cudaStream_t stream, Waits waits) {
  return api_call([&] {
    Streams& streams = Streams::get();
    CUstream_st* s = streams.resolve(stream);
    if (!r.row_bytes || !r.rows) return cudaSuccess;
    if (!direction_fits(r, kind)) {
      complain("cudaMemcpy: the pointers do not match the direction given");
      return cudaErrorInvalidValue;
    }
    if (waits == Waits::yes && streams.capturing()) return cudaErrorStreamCaptureUnsupported;
    if (!host_view(r.to, r.to_bytes(), "copy to") || !host_view(r.from, r.from_bytes(), "copy from"))
      return cudaErrorInvalidValue;
    if (waits == Waits::no && !s->capture && is_pageable(r.from) && on_device(r.to)) {
      enqueue_staged(r, s);
      return sticky_error();
    }
    const OperationPtr operation = streams.enqueue(s, [r] { return copy_now(r); });
    const bool synchronous = waits == Waits::yes || (is_pageable(r.to) && !s->capture);
    if (synchronous) streams.wait(operation);
    return sticky_error();
  });
}

cudaError_t fill(void* p, int value, size_t bytes, cudaStream_t stream) {
  return api_call([&] {
    if (!bytes) return cudaSuccess;
    if (!host_view(p, bytes, "memset")) return cudaErrorInvalidValue;
    Streams& streams = Streams::get();
    streams.enqueue(streams.resolve(stream), [=] {
      uint8_t* host = host_view(p, bytes, "memset");
      if (!host) return cudaErrorInvalidValue;
      memset(host, value, bytes);
      return cudaSuccess;
    });
    return sticky_error();
  });
}

// Copies to and from __device__ and __constant__ variables.
void* variable_at(const void* variable, size_t offset) {
  const ContextLock lock;
  const uint64_t address = variable_address(variable);
  return address ? reinterpret_cast<void*>(address + offset) : nullptr;
}
cudaError_t copy_to(const void* variable, size_t offset, const void* from, size_t bytes, cudaMemcpyKind kind,
                    cudaStream_t stream, Waits waits) {
  void* to = variable_at(variable, offset);
  return to ? copy(one_row(to, from, bytes), kind, stream, waits) : remember(cudaErrorInvalidSymbol);
}
cudaError_t copy_from(void* to, const void* variable, size_t offset, size_t bytes, cudaMemcpyKind kind,
                      cudaStream_t stream, Waits waits) {
  const void* from = variable_at(variable, offset);
  return from ? copy(one_row(to, from, bytes), kind, stream, waits) : remember(cudaErrorInvalidSymbol);
}
}  // namespace

extern "C" {
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return copy(one_row(to, from, bytes), kind, nullptr, Waits::yes);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy(one_row(to, from, bytes), kind, stream, Waits::no);
}
cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t row_bytes, size_t rows,
                         cudaMemcpyKind kind) {
  return copy({to, to_pitch, from, from_pitch, row_bytes, rows}, kind, nullptr, Waits::yes);
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t row_bytes,
                              size_t rows, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy({to, to_pitch, from, from_pitch, row_bytes, rows}, kind, stream, Waits::no);
}
cudaError_t cudaMemcpyPeer(void* to, int, const void* from, int, size_t bytes) {
  return copy(one_row(to, from, bytes), cudaMemcpyDefault, nullptr, Waits::yes);
}
cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes, cudaStream_t stream) {
  return copy(one_row(to, from, bytes), cudaMemcpyDefault, stream, Waits::no);
}

cudaError_t cudaMemset(void* p, int value, size_t bytes) { return fill(p, value, bytes, nullptr); }
cudaError_t cudaMemsetAsync(void* p, int value, size_t bytes, cudaStream_t stream) {
  return fill(p, value, bytes, stream);
}
cudaError_t cudaMemset2DAsync(void* p, size_t pitch, int value, size_t row_bytes, size_t rows, cudaStream_t stream) {
  for (size_t row = 0; row < rows; ++row)
    if (const cudaError_t error = fill(static_cast<uint8_t*>(p) + row * pitch, value, row_bytes, stream)) return error;
  return cudaSuccess;
}
cudaError_t cudaMemset2D(void* p, size_t pitch, int value, size_t row_bytes, size_t rows) {
  return cudaMemset2DAsync(p, pitch, value, row_bytes, rows, nullptr);
}

cudaError_t cudaGetSymbolAddress(void** p, const void* variable) {
  *p = variable_at(variable, 0);
  return remember(*p ? cudaSuccess : cudaErrorInvalidSymbol);
}
cudaError_t cudaGetSymbolSize(size_t* bytes, const void* variable) {
  const ContextLock lock;
  return remember(variable_address(variable, bytes) ? cudaSuccess : cudaErrorInvalidSymbol);
}
cudaError_t cudaMemcpyToSymbol(const void* variable, const void* from, size_t bytes, size_t offset,
                               cudaMemcpyKind kind) {
  return copy_to(variable, offset, from, bytes, kind, nullptr, Waits::yes);
}
cudaError_t cudaMemcpyToSymbolAsync(const void* variable, const void* from, size_t bytes, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_to(variable, offset, from, bytes, kind, stream, Waits::no);
}
cudaError_t cudaMemcpyFromSymbol(void* to, const void* variable, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return copy_from(to, variable, offset, bytes, kind, nullptr, Waits::yes);
}
cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* variable, size_t bytes, size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t stream) {
  return copy_from(to, variable, offset, bytes, kind, stream, Waits::no);
}
}
