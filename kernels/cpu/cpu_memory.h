// Memory of the machine and blocks of it.
#pragma once

#include <cstddef>

namespace convoy::cpu {

size_t machine_memory_bytes();
// What can be had at most, if all other programs were pushed out: memory and swap, or what `ulimit -v` leaves.
size_t most_memory_bytes();
// What can be had without pushing other programs out, swap included.
size_t free_memory_bytes();

// From this many bytes on a block lies on huge pages, where the system has them.
inline constexpr size_t kLargeBlock = size_t{4} << 20;
// 64-byte aligned, large blocks to huge pages. Throws InternalError naming the bytes wanted and free.
void* allocate_block(size_t bytes);
void release_block(void* block) noexcept;

}  // namespace convoy::cpu
