#include "tests/virtual_gpu/runtime/device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
namespace {
constexpr uint64_t kPage = 4096;
uint64_t round_up(uint64_t x, uint64_t to) { return (x + to - 1) / to * to; }

void* reserve(void* at, uint64_t bytes, int protection, int flags) {
  return mmap(at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

[[noreturn]] void cannot_map(const char* what) {
  fprintf(stderr, "vgpu: cannot map %s; allow more address space (ulimit -v unlimited)\n", what);
  abort();
}

using AllocationMap = std::map<uint64_t, Allocation>;
const Allocation* last_from(const AllocationMap& map, uint64_t address) {  // the last one that begins at or before it
  const auto next = map.upper_bound(address);
  return next == map.begin() ? nullptr : &std::prev(next)->second;
}

std::string hex(uint64_t v) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
  return text;
}

std::string name_of(const Allocation& a) {
  return "allocation #" + std::to_string(a.serial) + " [" + hex(a.base) + ", +" + std::to_string(a.bytes) + " bytes" +
         (a.tag.empty() ? "" : ", " + a.tag) + (a.live ? "]" : ", FREED]");
}
}  // namespace

DeviceMemory& DeviceMemory::get() {
  static auto& memory = *new DeviceMemory;  // never destroyed: pending work runs at exit
  return memory;
}

DeviceMemory::DeviceMemory() {
  void* device = reserve(reinterpret_cast<void*>(kBase), kSpan, PROT_NONE, MAP_FIXED_NOREPLACE);
  void* host = reserve(nullptr, kSpan, PROT_NONE, 0);
  if (reinterpret_cast<uint64_t>(device) != kBase || host == MAP_FAILED) cannot_map("the device's address range");
  to_host_ = static_cast<int64_t>(reinterpret_cast<uint64_t>(host) - kBase);
}

uint8_t* DeviceMemory::to_host(uint64_t device_address) const {
  return reinterpret_cast<uint8_t*>(device_address + static_cast<uint64_t>(to_host_));
}

uint64_t DeviceMemory::total_bytes() const {
  if (settings().memory_bytes) return settings().memory_bytes;
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) * 3 / 4;
}

uint64_t DeviceMemory::allocate(uint64_t bytes, const std::string& tag, int device) {
  const std::unique_lock lock(mutex_);
  const uint64_t rounded = round_up(bytes, 256);
  if (rounded < bytes || rounded > total_bytes() || in_use_[device & 15] + rounded > total_bytes()) return 0;
  const uint64_t base = round_up(next_ + kRedZoneBytes, bytes >= kPage ? kPage : 256);
  const uint64_t end = base + rounded + kRedZoneBytes;
  if (end + kPage > kBase + kSpan) return 0;
  const uint64_t first_page = base / kPage * kPage;
  if (mprotect(to_host(first_page), round_up(end, kPage) - first_page, PROT_READ | PROT_WRITE)) return 0;
  memset(to_host(base), 0xff, bytes);
  device_[base] = {.base = base, .bytes = bytes, .live = true, .tag = tag, .serial = ++serial_, .device = device};
  in_use_[device & 15] += rounded;
  next_ = end;
  return base;
}

bool DeviceMemory::release(uint64_t address) {
  const std::unique_lock lock(mutex_);
  const auto it = device_.find(address);
  if (it == device_.end() || !it->second.live) return false;
  Allocation& a = it->second;
  a.live = false;
  in_use_[a.device & 15] -= round_up(a.bytes, 256);
  // The address stays taken; the whole pages inside go back to the system.
  const uint64_t begin = round_up(a.base, kPage), end = (a.base + a.bytes) / kPage * kPage;
  if (end > begin) madvise(to_host(begin), end - begin, MADV_DONTNEED);
  return true;
}

std::optional<MemoryRange> DeviceMemory::range_at(uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const bool on_device = contains(address);
  const Allocation* a = last_from(on_device ? device_ : host_, address);
  if (!a || !a->live || address >= a->base + a->bytes) return std::nullopt;
  return MemoryRange{a->base, a->base + a->bytes, on_device ? to_host_ : 0};
}

std::optional<Allocation> DeviceMemory::allocation_at(uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const Allocation* a = last_from(contains(address) ? device_ : host_, address);
  if (!a || address >= a->base + a->bytes) return std::nullopt;
  return *a;
}

std::string DeviceMemory::describe(uint64_t address, uint64_t bytes) const {
  const std::shared_lock lock(mutex_);
  const AllocationMap& map = contains(address) ? device_ : host_;
  const Allocation* before = last_from(map, address);
  const auto after = map.upper_bound(address);
  const uint64_t to_next = after == map.end() ? ~0ull : after->second.base - address;
  if (before && address < before->base + before->bytes) {
    const std::string offset = std::to_string(address - before->base);
    if (!before->live) return "use after free: offset " + offset + " of " + name_of(*before);
    return std::to_string(address + bytes - before->base - before->bytes) +
           " bytes past the end when accessing offset " + offset + " of " + name_of(*before);
  }
  const uint64_t from_last = before ? address - before->base - before->bytes : ~0ull;
  if (!contains(address) && std::min(from_last, to_next) > kPage)
    return std::string("not a device address") + (address < kPage ? " (null pointer)" : " (host memory?)");
  if (from_last == ~0ull && to_next == ~0ull) return "no allocation is near";
  if (from_last <= to_next) return std::to_string(from_last) + " bytes after " + name_of(*before);
  return std::to_string(to_next) + " bytes before " + name_of(after->second);
}

void DeviceMemory::register_host(void* p, uint64_t bytes, const std::string& tag) {
  const std::unique_lock lock(mutex_);
  const auto base = reinterpret_cast<uint64_t>(p);
  host_[base] = {.base = base, .bytes = bytes, .live = true, .tag = tag, .serial = ++serial_};
}

bool DeviceMemory::unregister_host(void* p) {
  const std::unique_lock lock(mutex_);
  return host_.erase(reinterpret_cast<uint64_t>(p)) != 0;
}

bool DeviceMemory::is_pinned(const void* p) const {
  return !contains(p) && range_at(reinterpret_cast<uint64_t>(p)).has_value();
}

uint64_t* DeviceMemory::race_shadow(uint64_t device_address) {
  uint64_t* shadow = shadow_.load(std::memory_order_acquire);
  if (!shadow) {
    const std::unique_lock lock(mutex_);
    shadow = shadow_.load();
    if (!shadow) {
      void* map = reserve(nullptr, kSpan * 4, PROT_READ | PROT_WRITE, 0);
      if (map == MAP_FAILED) cannot_map("the shadow of device memory that VGPU_RACECHECK=2 needs");
      shadow_.store(shadow = static_cast<uint64_t*>(map), std::memory_order_release);
    }
  }
  return shadow + (device_address - kBase) / 4 * 2;
}
}  // namespace convoy::vgpu
