// A file mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <utility>

namespace convoy {

class MappedFile {
 public:
  MappedFile() = default;
  // Throws FileError. The file must not shrink while it is mapped.
  explicit MappedFile(const std::filesystem::path& file);
  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(identity_, other.identity_);
    return *this;
  }
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  // A number that tells it from other files, and from what it was before it was changed; not 0.
  uint64_t identity() const { return identity_; }

 private:
  std::span<const std::byte> bytes_;
  uint64_t identity_ = 0;
};

}  // namespace convoy
