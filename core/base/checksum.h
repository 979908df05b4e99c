// XXH3-128 (xxhash.com) of a stream of bytes: finds damage by disks and transfers, at memory speed. Not cryptographic.
#pragma once

#include <cstddef>
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

std::string checksum_of(std::span<const std::byte> data);
std::string checksum_of(std::string_view text);
// Reads the whole file. Throws FileError.
std::string checksum_of_file(const std::filesystem::path& path);

}  // namespace convoy
