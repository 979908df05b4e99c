// Offsets in one arena for buffers whose lifetimes are known exactly: two buffers share bytes only if their lifetimes
// do not meet. Largest first, each into the tightest gap that fits ("greedy by size", Pisarchyk and Lee,
// arXiv:2001.03288).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace convoy {

enum class BufferKind : uint8_t { activation, weights, weight_gradients, scratch };

struct PlannedBuffer {
  std::string what;  // "transformer.h.3.attn.0", for reports and debugging
  size_t bytes = 0;
  int first = 0, last = 0;  // actions that use it first and last, inclusive
  size_t offset = 0;        // filled by lay_out
  BufferKind kind = BufferKind::activation;
};

inline constexpr size_t kArenaAlignment = 256;

// Fills the offsets; returns the arena's bytes. guard_bytes are kept free behind every buffer.
size_t lay_out(std::vector<PlannedBuffer>& buffers, size_t guard_bytes = 0);

}  // namespace convoy
