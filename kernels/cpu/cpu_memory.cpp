#include "kernels/cpu/cpu_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/integers.h"

namespace convoy::cpu {
namespace {

constexpr size_t kAlignment = 64, kHugePage = size_t{2} << 20;

// 0 where there is no /proc.
size_t sum_of_meminfo(std::initializer_list<std::string_view> keys) {
  std::ifstream meminfo("/proc/meminfo");
  std::string key, unit;
  size_t kilobytes = 0, sum = 0;
  while (meminfo >> key >> kilobytes && std::getline(meminfo, unit))
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) sum += kilobytes * 1024;
  return sum;
}

}  // namespace

size_t machine_memory_bytes() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t most_memory_bytes() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  getrlimit(RLIMIT_AS, &limit);
  const size_t machine = machine_memory_bytes() + sum_of_meminfo({"SwapTotal:"});
  return limit.rlim_cur == RLIM_INFINITY ? machine : std::min<size_t>(machine, limit.rlim_cur);
}

size_t free_memory_bytes() { return sum_of_meminfo({"MemAvailable:", "SwapFree:"}); }

void* allocate_block(size_t bytes) {
  const size_t free_bytes = free_memory_bytes();
  const bool large = bytes >= kLargeBlock;
  const size_t alignment = large ? kHugePage : kAlignment;
  // 0 bytes free: there is no /proc here, so only the allocator can tell.
  void* block = nullptr;
  if (free_bytes == 0 || bytes <= free_bytes) block = std::aligned_alloc(alignment, round_up(bytes, alignment));
  if (block == nullptr)
    throw InternalError(
        fmt::format("wanted {} bytes of memory, {} are free; use a smaller batch or model, more ranks on other "
                    "machines, or train.recompute: block",
                    bytes, free_bytes));
  if (large) madvise(block, round_up(bytes, alignment), MADV_HUGEPAGE);  // advice only: without them it is slower
  return block;
}

void release_block(void* block) noexcept { std::free(block); }

}  // namespace convoy::cpu
