// Device memory: an address range of its own that the host program cannot touch, with red zones between allocations.
//
// Kernels and copies reach it through a second mapping at a fixed distance, once the address has been checked against
// the live allocations. New memory is filled with 0xFF, NaN in every float format and -1 in every integer. An address
// is never handed out twice, so that a use after free is always seen. Safe to use from several threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>

namespace convoy::vgpu {
struct Allocation {
  uint64_t base = 0, bytes = 0;
  bool live = false;
  std::string tag;      // who made it, for reports
  uint64_t serial = 0;  // counts allocations, for reports
  int device = 0;
};

struct MemoryRange {  // [begin, end) may be accessed at address + to_host
  uint64_t begin = 0, end = 0;
  int64_t to_host = 0;
};

class DeviceMemory {
 public:
  static DeviceMemory& get();
  static bool contains(uint64_t address) { return address >= kBase && address < kBase + kSpan; }
  static bool contains(const void* p) { return contains(reinterpret_cast<uint64_t>(p)); }

  // Aligned to 256 bytes, from 4096 bytes on to a page; 0 when `device` has no room.
  uint64_t allocate(uint64_t bytes, const std::string& tag, int device = 0);
  // False when no live allocation begins at `address`.
  bool release(uint64_t address);
  // The live allocation, or range of registered host memory, around an address.
  std::optional<MemoryRange> range_at(uint64_t address) const;
  // The allocation around an address, live or freed.
  std::optional<Allocation> allocation_at(uint64_t address) const;
  // What an access of `bytes` at `address` hits or misses, in words.
  std::string describe(uint64_t address, uint64_t bytes) const;
  // Where the host sees a device address; no check.
  uint8_t* to_host(uint64_t device_address) const;

  // Pinned host memory: kernels may use it too.
  void register_host(void* p, uint64_t bytes, const std::string& tag);
  bool unregister_host(void* p);  // false when p was not registered
  bool is_pinned(const void* p) const;

  uint64_t used_bytes(int device) const { return in_use_[device & 15]; }
  uint64_t total_bytes() const;  // per device
  // Two words per 4 bytes of device memory for race detection between blocks, zero at first.
  uint64_t* race_shadow(uint64_t device_address);

 private:
  DeviceMemory();
  static constexpr uint64_t kBase = 0x200000000000, kSpan = 1ull << 42, kRedZoneBytes = 512;

  mutable std::shared_mutex mutex_;
  int64_t to_host_ = 0;
  uint64_t next_ = kBase + (1 << 20);
  uint64_t serial_ = 0;
  uint64_t in_use_[16] = {};
  std::map<uint64_t, Allocation> device_, host_;  // by base; device_ keeps what was freed
  std::atomic<uint64_t*> shadow_{nullptr};
};
}  // namespace convoy::vgpu
