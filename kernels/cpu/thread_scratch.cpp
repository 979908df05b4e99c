#include "kernels/cpu/thread_scratch.h"

#include <algorithm>

#include "core/base/owned.h"
#include "kernels/cpu/cpu_memory.h"

namespace convoy::cpu {
namespace {

struct Block {
  Owned<void*, release_block> data;
  size_t bytes = 0;
};

}  // namespace

// Large from the start: on huge pages a product is about 1% faster.
std::byte* thread_scratch(size_t bytes) {
  thread_local Block block;
  if (bytes > block.bytes) {
    block.data.reset();
    block.bytes = 0;
    block.data.reset(allocate_block(std::max(bytes, kLargeBlock)));
    block.bytes = std::max(bytes, kLargeBlock);
  }
  return static_cast<std::byte*>(block.data.get());
}

}  // namespace convoy::cpu
