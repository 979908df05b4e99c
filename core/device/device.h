// A processor that training runs on: memory, streams and operators.
//
// kernels/cpu and kernels/cuda implement it. All memory goes through allocate(), which counts, so that planned and
// allocated bytes can be compared and tests can see that nothing is allocated after the first step. Not counted is the
// bookkeeping of a CUDA stream, 80 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "core/device/captured_work.h"
#include "core/device/stream.h"
#include "core/device/time_mark.h"
#include "core/tensor/dtype.h"

namespace convoy {

class Device;
class Ops;

enum class DeviceKind { cpu, cuda };

enum class MemoryKind {
  device,  // where kernels work
  host,    // readable by the host and copied from and to asynchronously: pinned on CUDA
};

// Owns one allocation of a device; 64-byte aligned on the CPU, 256-byte on CUDA. Contents undefined.
class Memory {
 public:
  Memory() = default;
  Memory(Device& device, void* data, size_t bytes, MemoryKind kind)
      : device_(&device), data_(data), bytes_(bytes), kind_(kind) {}
  Memory(Memory&& other) noexcept { *this = std::move(other); }
  Memory& operator=(Memory&& other) noexcept;
  ~Memory() { release(); }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void release() noexcept;

  Device* device_ = nullptr;
  void* data_ = nullptr;
  size_t bytes_ = 0;
  MemoryKind kind_ = MemoryKind::device;
};

struct DeviceInfo {
  DeviceKind kind = DeviceKind::cpu;
  std::string name;         // "AMD EPYC, 2 threads, AVX-512 bf16"
  std::string serial;       // tells two devices of one kind apart; empty where there is none
  size_t memory_bytes = 0;  // in all
};

class Device {
 public:
  virtual ~Device() = default;

  virtual DeviceInfo info() const = 0;
  // What the bits of its operators follow from, for people: devices that say the same compute alike.
  virtual std::string arithmetic() const { return "CPU"; }
  // Floating-point operations a second that matrix products of this dtype can reach: from a table for known GPUs,
  // measured once for a CPU. 0: unknown. For model flop utilisation.
  virtual double peak_flops(DType dtype) = 0;

  virtual Ops& ops() = 0;
  virtual std::unique_ptr<Stream> make_stream(StreamKind kind) = 0;
  virtual std::unique_ptr<Event> make_event() = 0;
  virtual std::unique_ptr<TimeMark> make_time_mark() { return std::make_unique<HostTimeMark>(); }
  // What `enqueue` hands to the stream, to be run again and again with the same addresses. It is not run now. `enqueue`
  // uses operators, copies and zero() on this stream alone, and has done so once before, so that nothing is loaded or
  // chosen for the first time. It may be kept and called by each run, so what it refers to must stay.
  virtual std::unique_ptr<CapturedWork> capture(Stream&, std::function<void()> enqueue) {
    return std::make_unique<RepeatedWork>(std::move(enqueue));
  }

  // More than this can never be had, whatever else the machine does; 0: not known.
  virtual size_t most_bytes(MemoryKind kind) const {
    return kind == MemoryKind::device ? info().memory_bytes : std::numeric_limits<size_t>::max();
  }
  // Throws ConfigError with the numbers if so many bytes can never be had; before anything is allocated for a plan.
  void require_possible(size_t bytes, MemoryKind kind, std::string_view what) const;

  // Throws InternalError naming the bytes wanted and free.
  Memory allocate(size_t bytes, MemoryKind kind = MemoryKind::device);
  size_t allocated_bytes(MemoryKind kind) const { return allocated_bytes_[static_cast<int>(kind)]; }
  int64_t allocations() const { return allocations_; }  // since the start, of both kinds

 protected:
  virtual void* allocate_raw(size_t bytes, MemoryKind kind) = 0;
  virtual void release_raw(void* data, MemoryKind kind) noexcept = 0;

 private:
  friend class Memory;
  size_t allocated_bytes_[2] = {0, 0};
  int64_t allocations_ = 0;
};

}  // namespace convoy
