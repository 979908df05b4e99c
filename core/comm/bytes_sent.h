// What every rank sends in a collective, in bytes: the least that any algorithm can do with. bytes: of the largest
// tensor of the call, on one rank.
#pragma once

#include <cstddef>

namespace convoy {

constexpr size_t sent_by_all_to_all(size_t bytes, int ranks) {
  return bytes / static_cast<size_t>(ranks) * static_cast<size_t>(ranks - 1);
}
constexpr size_t sent_by_all_gather(size_t bytes, int ranks) { return sent_by_all_to_all(bytes, ranks); }
// A sum of parts by their owners, then all parts from them.
constexpr size_t sent_by_all_reduce(size_t bytes, int ranks) {
  return 2 * bytes * static_cast<size_t>(ranks - 1) / static_cast<size_t>(ranks);
}

}  // namespace convoy
