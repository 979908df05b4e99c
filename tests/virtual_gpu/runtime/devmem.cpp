// devmem.cpp - see devmem.h.
#include "tests/virtual_gpu/runtime/devmem.h"
#include <sys/mman.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
DevMem& DevMem::get() {
  static DevMem* m = new DevMem;
  return *m;
}

DevMem::DevMem() {
  // The device range itself is never accessible: a host dereference faults. The interpreter works on an alias.
  void* d =
      mmap((void*)kBase, kSpan, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  void* a = mmap(nullptr, kSpan, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (d != (void*)kBase || a == MAP_FAILED) {
    fprintf(stderr, "vgpu: cannot reserve the device address range\n");
    abort();
  }
  delta = (i64)((u64)a - kBase);
}

u64 DevMem::total() const {
  if (env().mem_bytes) return env().mem_bytes;
  return (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGESIZE) * 3 / 4;
}

u64 DevMem::alloc(u64 size, const std::string& tag, int device) {
  std::unique_lock lk(mu);
  u64 rounded = (size + 255) & ~255ull;
  if (inUse[device & 15] + rounded > total() || next + rounded + 2 * kGuard + 8192 > kBase + kSpan) return 0;
  u64 base = (next + kGuard + 255) & ~255ull;
  if (size >= 4096) base = (base + 4095) & ~4095ull;
  u64 end = base + rounded + kGuard;
  next = end;
  u64 lo = base & ~4095ull, hi = (end + 4095) & ~4095ull;
  if (mprotect(alias(lo), hi - lo, PROT_READ | PROT_WRITE)) return 0;
  memset(alias(base), 0xff, size);  // NaN in every float format, -1 in every integer
  Alloc& al = allocs[base];
  al.base = base;
  al.size = size;
  al.live = true;
  al.tag = tag;
  al.serial = ++serial;
  al.device = device;
  inUse[device & 15] += rounded;
  ++changes;
  return base;
}

bool DevMem::release(u64 addr) {
  std::unique_lock lk(mu);
  auto it = allocs.find(addr);
  if (it == allocs.end() || !it->second.live) return false;
  Alloc& a = it->second;
  a.live = false;
  inUse[a.device & 15] -= (a.size + 255) & ~255ull;
  ++changes;
  // Addresses are never reused, so that a use after free is always seen; the pages go back to the system.
  u64 lo = (a.base + 4095) & ~4095ull, hi = (a.base + a.size) & ~4095ull;
  if (hi > lo) madvise(alias(lo), hi - lo, MADV_DONTNEED);
  return true;
}

bool DevMem::find(u64 addr, u64& lo, u64& hi, i64& d) const {
  std::shared_lock lk(mu);
  const auto& m = contains(addr) ? allocs : host;
  auto it = m.upper_bound(addr);
  if (it == m.begin()) return false;
  const Alloc& a = std::prev(it)->second;
  if (!a.live || addr >= a.base + a.size) return false;
  lo = a.base;
  hi = a.base + a.size;
  d = contains(addr) ? delta : 0;
  return true;
}
bool DevMem::findAlloc(u64 addr, Alloc& out) const {
  std::shared_lock lk(mu);
  const auto& m = contains(addr) ? allocs : host;
  auto it = m.upper_bound(addr);
  if (it == m.begin()) return false;
  out = std::prev(it)->second;
  return addr < out.base + out.size;
}

std::string DevMem::describe(u64 addr, u64 bytes) const {
  std::shared_lock lk(mu);
  if (!contains(addr) && host.empty())
    return "not a device address" + std::string(addr < 4096 ? " (null pointer)" : " (host memory?)");
  const auto& m = contains(addr) ? allocs : host;
  auto text = [](const Alloc& a) {
    return "allocation #" + std::to_string(a.serial) + " [" + hex(a.base) + ", +" + std::to_string(a.size) + " bytes" +
           (a.tag.empty() ? "" : ", " + a.tag) + (a.live ? "]" : ", FREED]");
  };
  auto it = m.upper_bound(addr);
  std::string r;
  if (it != m.begin()) {
    const Alloc& a = std::prev(it)->second;
    if (addr < a.base + a.size) {
      if (!a.live) return "use after free: offset " + std::to_string(addr - a.base) + " of " + text(a);
      return std::to_string(addr + bytes - a.base - a.size) + " bytes past the end when accessing offset " +
             std::to_string(addr - a.base) + " of " + text(a);
    }
    r = std::to_string(addr - a.base - a.size) + " bytes after " + text(a);
    if (it != m.end() && it->second.base - addr < addr - a.base - a.size)
      r = std::to_string(it->second.base - addr) + " bytes before " + text(it->second);
  } else if (it != m.end())
    r = std::to_string(it->second.base - addr) + " bytes before " + text(it->second);
  return r.empty() ? "no allocation is near" : r;
}

void DevMem::registerHost(void* p, u64 n, const std::string& tag) {
  std::unique_lock lk(mu);
  Alloc& a = host[(u64)p];
  a.base = (u64)p;
  a.size = n;
  a.live = true;
  a.tag = tag;
  a.serial = ++serial;
  ++changes;
}
bool DevMem::unregisterHost(void* p) {
  std::unique_lock lk(mu);
  auto it = host.find((u64)p);
  if (it == host.end()) return false;
  host.erase(it);
  ++changes;
  return true;
}
bool DevMem::isPinned(const void* p) const {
  u64 lo, hi;
  i64 d;
  return !contains((u64)p) && find((u64)p, lo, hi, d);
}

u64* DevMem::raceShadow(u64 dev) {
  std::unique_lock lk(mu);
  if (!shadow) {
    shadow = (u64*)mmap(nullptr, kSpan * 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shadow == MAP_FAILED) {
      fprintf(stderr, "vgpu: cannot map the race shadow\n");
      abort();
    }
  }
  return shadow + (dev - kBase) / 4 * 2;
}
size_t DevMem::leaks(u64& bytes) const {
  std::shared_lock lk(mu);
  size_t n = 0;
  bytes = 0;
  for (auto& [b, a] : allocs)
    if (a.live && a.tag == "cudaMalloc") {
      ++n;
      bytes += a.size;
    }
  return n;
}
}  // namespace convoy::vgpu
