// A file that a library lays out and we fill in place; it appears under its name whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/files/descriptor.h"

namespace convoy {

// Throws FileError. Without commit() the temporary file is removed.
class PositionedFile {
 public:
  explicit PositionedFile(std::filesystem::path name);
  ~PositionedFile();
  PositionedFile(const PositionedFile&) = delete;
  PositionedFile& operator=(const PositionedFile&) = delete;

  // NAME.tmp, for the library to make.
  const std::filesystem::path& temporary() const { return temporary_; }
  // The disk begins to write every few of these, so that commit() waits for little.
  void write(std::span<const std::byte> bytes, int64_t offset);
  // Syncs and renames to NAME.
  void commit();

 private:
  void open();

  std::filesystem::path name_, temporary_;
  Descriptor descriptor_;
  int64_t unsynced_bytes_ = 0;
  bool committed_ = false;
};

}  // namespace convoy
