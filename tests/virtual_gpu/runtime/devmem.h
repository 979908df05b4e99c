// devmem.h - device memory: its own address range that the host program cannot touch, with red zones.
#pragma once
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include "tests/virtual_gpu/ptx/ptx.h"

namespace convoy::vgpu {
struct Alloc {
  u64 base = 0, size = 0;
  bool live = false;
  std::string tag;
  u64 serial = 0;
  int device = 0;
};

class DevMem {
 public:
  static DevMem& get();
  u64 alloc(u64 size, const std::string& tag, int device = 0);  // 0 when out of memory
  bool release(u64 addr);                                       // false when addr is not a live allocation
  bool contains(u64 addr) const { return addr >= kBase && addr < kBase + kSpan; }
  u8* alias(u64 dev) const { return (u8*)(dev + delta); }  // where the interpreter sees device memory
  // Finds the live device allocation or registered host range around addr: [lo, hi) and what to add for a host pointer.
  bool find(u64 addr, u64& lo, u64& hi, i64& d) const;
  bool findAlloc(u64 addr, Alloc& out) const;
  std::string describe(u64 addr, u64 bytes) const;
  void registerHost(void* p, u64 n, const std::string& tag);
  bool unregisterHost(void* p);
  bool isPinned(const void* p) const;
  u64 used(int device) const { return inUse[device & 15]; }
  u64 total() const;
  u64 epoch() const { return changes; }
  u64* raceShadow(u64 dev);  // two u64 per 4-byte word, mapped on demand
  size_t leaks(u64& bytes) const;

 private:
  DevMem();
  static constexpr u64 kBase = 0x200000000000, kSpan = 1ull << 42, kGuard = 512;
  u64 next = kBase + (1 << 20);
  i64 delta = 0;
  u64 serial = 0;
  std::atomic<u64> changes{1};
  u64 inUse[16] = {};
  u64* shadow = nullptr;
  std::map<u64, Alloc> allocs;  // live and dead, by base address
  std::map<u64, Alloc> host;
  mutable std::shared_mutex mu;
};
}  // namespace convoy::vgpu
