#include "core/plan/arena_layout.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/integers.h"

namespace convoy {
namespace {

bool meet(const PlannedBuffer& a, const PlannedBuffer& b) { return a.first <= b.last && b.first <= a.last; }

struct Placed {
  size_t begin, end;
  const PlannedBuffer* buffer;
};

// The tightest gap between the placed buffers that are alive together with this one; they are sorted by begin.
size_t find_offset(const std::vector<Placed>& placed, const PlannedBuffer& buffer, size_t bytes) {
  size_t best_offset = 0, best_gap = std::numeric_limits<size_t>::max(), free_from = 0;
  for (const Placed& other : placed) {
    if (!meet(*other.buffer, buffer)) continue;
    if (other.begin >= free_from + bytes && other.begin - free_from < best_gap) {
      best_gap = other.begin - free_from;
      best_offset = free_from;
    }
    free_from = std::max(free_from, other.end);
  }
  return best_gap == std::numeric_limits<size_t>::max() ? free_from : best_offset;
}

}  // namespace

size_t lay_out(std::vector<PlannedBuffer>& buffers, size_t guard_bytes) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<Placed> placed;
  size_t arena_bytes = 0;
  for (const size_t index : order) {
    PlannedBuffer& buffer = buffers[index];
    const size_t bytes = round_up(buffer.bytes + guard_bytes, kArenaAlignment);
    buffer.offset = find_offset(placed, buffer, bytes);
    const Placed entry{buffer.offset, buffer.offset + bytes, &buffer};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), entry,
                                   [](const Placed& a, const Placed& b) { return a.begin < b.begin; }),
                  entry);
    arena_bytes = std::max(arena_bytes, entry.end);
  }
  return arena_bytes;
}

}  // namespace convoy
