// A copy of what a checkpoint holds, so that training may change the originals while it is written.
#pragma once

#include <cstddef>
#include <memory>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

class Staging {
 public:
  // Copies everything; the result points into the buffer and is good until the next call. The buffer is allocated at
  // the first call and again only if more is to be kept than ever before.
  const CheckpointContents& copy(const CheckpointContents& contents);
  // Of the buffer; looks at shapes only.
  static size_t planned_bytes(const CheckpointContents& contents);
  size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  const void* put(const void* data, size_t bytes);

  CheckpointContents contents_;
  std::unique_ptr<std::byte[]> buffer_;
  size_t capacity_bytes_ = 0, used_bytes_ = 0;
};

}  // namespace convoy
