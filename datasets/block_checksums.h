// xxh3 (64 bits) of consecutive blocks of data: a flipped byte is found in the block that holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace convoy {

uint64_t xxh3_64(std::span<const std::byte> bytes);
uint64_t xxh3_64(std::string_view text);
// Of the whole file. advance: told of bytes read; may be empty. Throws FileError.
uint64_t xxh3_64_of_file(const std::filesystem::path& file, const std::function<void(int64_t)>& advance);

// Block i of the bytes; the last may be short.
std::span<const std::byte> block(std::span<const std::byte> bytes, int64_t block_bytes, int64_t i);

std::vector<uint64_t> block_checksums(std::span<const std::byte> bytes, int64_t block_bytes);

// The same of bytes that come piece by piece.
class BlockHasher {
 public:
  explicit BlockHasher(int64_t block_bytes);
  ~BlockHasher();
  BlockHasher(BlockHasher&&) noexcept;

  void add(std::span<const std::byte> bytes);
  std::vector<uint64_t> finish();

 private:
  struct State;
  int64_t block_bytes_, in_block_ = 0;
  std::unique_ptr<State> state_;  // of the block being filled
  std::vector<uint64_t> checksums_;
};

}  // namespace convoy
