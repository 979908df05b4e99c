// Memory of the machine and blocks of it.
#pragma once

#include <cstddef>

namespace convoy::cpu {

size_t machine_memory_bytes();
// What can be had without pushing other programs out, swap included.
size_t free_memory_bytes();

// 64-byte aligned, or to huge pages from 4 MiB on. Throws InternalError naming the bytes wanted and free.
void* allocate_block(size_t bytes);
void release_block(void* block) noexcept;

}  // namespace convoy::cpu
