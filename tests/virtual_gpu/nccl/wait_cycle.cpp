#include "tests/virtual_gpu/nccl/wait_cycle.h"

#include <algorithm>

#include "tests/virtual_gpu/nccl/errors.h"

namespace convoy::virtual_nccl {
namespace {
// The path from `rank` back to itself along waits_for, or nothing.
std::vector<int> find_cycle(Segment& segment, int rank) {
  std::vector<int> came_from(segment.ranks(), -1), open{rank};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    const uint64_t mask = segment.rank(at).waits_for;
    for (int next = 0; next < segment.ranks(); ++next) {
      if (!(mask >> next & 1) || (came_from[next] >= 0 && next != rank)) continue;
      if (next == rank) {
        std::vector<int> cycle{at};
        while (cycle.back() != rank) cycle.push_back(came_from[cycle.back()]);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      came_from[next] = at;
      open.push_back(next);
    }
  }
  return {};
}
}  // namespace

std::string WaitCycle::check(Segment& segment, int rank) {
  const std::vector<int> cycle = find_cycle(segment, rank);
  std::vector<uint64_t> changes, passes;
  for (const int r : cycle) {
    changes.push_back(segment.rank(r).changes);
    passes.push_back(segment.rank(r).passes);
  }
  if (cycle.empty() || cycle != members_ || changes != changes_) {
    members_ = cycle;
    changes_ = changes;
    passes_ = passes;
    return "";
  }
  // Two passes: the one that was under way, and a whole one that saw all the others as they are now.
  for (size_t k = 0; k < cycle.size(); ++k)
    if (passes[k] < passes_[k] + 2) return "";
  std::string result = "ranks wait for each other, and none can go on: ";
  for (size_t k = 0; k < cycle.size(); ++k)
    result += text(k ? "; " : "", "rank ", cycle[k], " in ", segment.rank(cycle[k]).doing, " waits for rank ",
                   cycle[(k + 1) % cycle.size()]);
  return result;
}
}  // namespace convoy::virtual_nccl
