// xxh3 (64 bits) of consecutive blocks of data: a flipped byte is found in the block that holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace convoy {

uint64_t xxh3_64(std::span<const std::byte> bytes);
uint64_t xxh3_64(std::string_view text);

// Block i of the bytes; the last may be short.
std::span<const std::byte> block(std::span<const std::byte> bytes, int64_t block_bytes, int64_t i);

std::vector<uint64_t> block_checksums(std::span<const std::byte> bytes, int64_t block_bytes);

}  // namespace convoy
