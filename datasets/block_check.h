// Whether stored bytes of a field are what they should be: checksums of blocks, and elements that mean something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset_manifest.h"

namespace convoy {

class BlockCheck {
 public:
  // shown: what messages call the file. checksums: by block of the field's bytes; empty: none are known. data_offset:
  // of the first byte in the file, -1: they are compressed there.
  BlockCheck(std::string shown, StoredField field, int64_t block_bytes, std::vector<uint64_t> checksums,
             int64_t data_offset);

  int64_t block_bytes() const { return block_bytes_; }
  bool has_checksums() const { return !checksums_.empty(); }

  // Of block i; absent: nothing is wrong.
  std::optional<std::string> wrong_checksum(int64_t i, std::span<const std::byte> bytes) const;
  // Of elements that begin at byte `first` of the field: the first bad one, and how many others there are.
  std::optional<std::string> bad_elements(int64_t first, std::span<const std::byte> bytes) const;

 private:
  std::string rows_text(int64_t first, int64_t bytes) const;

  std::string shown_;
  StoredField field_;
  int64_t block_bytes_;
  std::vector<uint64_t> checksums_;
  int64_t data_offset_;
};

}  // namespace convoy
