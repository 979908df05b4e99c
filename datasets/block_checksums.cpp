#include "datasets/block_checksums.h"

#include <xxhash.h>

#include <algorithm>

#include "core/base/integers.h"

namespace convoy {

uint64_t xxh3_64(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t xxh3_64(std::string_view text) { return xxh3_64(std::as_bytes(std::span(text))); }

std::span<const std::byte> block(std::span<const std::byte> bytes, int64_t block_bytes, int64_t i) {
  const auto begin = static_cast<size_t>(i * block_bytes);
  return bytes.subspan(begin, std::min(static_cast<size_t>(block_bytes), bytes.size() - begin));
}

std::vector<uint64_t> block_checksums(std::span<const std::byte> bytes, int64_t block_bytes) {
  const int64_t num_blocks = ceil_div(static_cast<int64_t>(bytes.size()), block_bytes);
  std::vector<uint64_t> checksums;
  checksums.reserve(static_cast<size_t>(num_blocks));
  for (int64_t i = 0; i < num_blocks; ++i) checksums.push_back(xxh3_64(block(bytes, block_bytes, i)));
  return checksums;
}

}  // namespace convoy
