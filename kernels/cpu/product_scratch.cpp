#include "kernels/cpu/product_scratch.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/base/owned.h"

namespace convoy::cpu {
namespace {

void free_block(std::byte* block) noexcept { std::free(block); }

struct Block {
  Owned<std::byte*, free_block> data;
  size_t bytes = 0;
};

}  // namespace

std::byte* thread_scratch(size_t bytes) {
  thread_local Block block;
  if (bytes <= block.bytes) return block.data.get();
  block.data.reset();
  block.bytes = 0;
  const size_t rounded = round_up<size_t>(bytes, 64);
  block.data.reset(static_cast<std::byte*>(std::aligned_alloc(64, rounded)));
  if (block.data == nullptr)
    throw InternalError(fmt::format("no memory for {} bytes of a thread's scratch; use smaller batches", rounded));
  block.bytes = rounded;
  return block.data.get();
}

}  // namespace convoy::cpu
