// The workspace during one product: marked when the product begins, and seen to be as it was marked when it ends.
//
// A real algorithm keeps partial sums there. So nothing else may write it meanwhile, as a product on another stream
// does that was given the same one, and what was there before is lost.
#pragma once
#include <cstdint>
#include <cstring>

namespace convoy::vgpu {
class WorkspaceMark {
 public:
  explicit WorkspaceMark(uint32_t serial) {
    for (uint32_t k = 0; k < 4; ++k) words_[k] = 0xffffff81 | (serial >> 6 * k & 63) << 1;  // NaN as f32, bf16 and f16
  }
  void put(uint8_t* workspace, size_t bytes) const {
    for (size_t at = 0; at < bytes; at += sizeof words_) memcpy(workspace + at, words_, sizeof words_);
  }
  bool is_intact(const uint8_t* workspace, size_t bytes) const {
    for (size_t at = 0; at < bytes; at += sizeof words_)
      if (memcmp(workspace + at, words_, sizeof words_) != 0) return false;
    return true;
  }

 private:
  uint32_t words_[4];  // workspaces are whole multiples of 256 bytes
};
}  // namespace convoy::vgpu
