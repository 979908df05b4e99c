// XXH3-128 (xxhash.com) of a stream of bytes: finds damage by disks and transfers, at memory speed. Not cryptographic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace convoy {

class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void update(std::span<const std::byte> data);
  std::string hex() const;  // of all bytes so far: 32 lower-case digits, as `xxhsum -H2` prints them

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of an array of f32 that several hold, each some blocks of it: the sum of the blocks' checksums, whoever adds them.
struct BlockSum {
  static constexpr int64_t kBlock = 1024;  // elements
  uint64_t low = 0, high = 0;

  // Elements [begin, begin + values.size()) of the array: whole blocks, but for the array's last.
  void add(int64_t begin, std::span<const float> values);
  BlockSum& operator+=(const BlockSum& other);
  std::string hex() const;
};

std::string checksum_of(std::span<const std::byte> data);
std::string checksum_of(std::string_view text);
// Reads the whole file. Throws FileError.
std::string checksum_of_file(const std::filesystem::path& path);

}  // namespace convoy
