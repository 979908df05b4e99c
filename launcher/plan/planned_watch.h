// What the watch for hangs (comm/hang) asks of the file system that machines share. On one machine it has no files.
#pragma once

#include <cstddef>
#include <optional>

namespace convoy {

struct PlannedWatch {
  int machines = 1;
  // While all is well, one rank of each machine writes its summary this often; bytes at the most.
  double write_every_s = 0;
  size_t summary_bytes = 0;
  // After a collective has waited for parallel.timeout_s: files that the one rank opens that compares all, those of
  // machines that seem dead twice, and how long the others wait for what it finds.
  int opens = 0;
  double patience_s = 0;
};

// Nothing where nobody watches: of one rank, or with timeout_s 0.
std::optional<PlannedWatch> planned_watch(int ranks, int ranks_per_node, double timeout_s);

}  // namespace convoy
