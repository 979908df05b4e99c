// Who keeps the others waiting: decided from what all ranks have published, and from nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "comm/hang/rank_state.h"

namespace convoy::hang {

enum class Life {
  unknown,  // nothing is to be seen of it
  beating,  // its process runs
  silent,   // no sign of life: stopped, or its host is down or cannot write
  stopped,  // by a signal or a debugger, as this host's kernel says
  gone,     // its process has ended, as this host's kernel says
};

// A rank as another one sees it.
struct Sight {
  std::optional<RankState> state;  // none: unknown
  Life life = Life::unknown;
};

enum class Cause {
  gone,      // a process has ended
  frozen,    // a process is stopped, or shows no sign of life
  mismatch,  // ranks are in different collectives
  bytes,     // ranks are in the same collective with different sizes
  late,      // a rank runs, but has not come
  unseen,    // ranks of which nothing is known, all others are there
  network,   // all are there, on several hosts
  stuck,     // all are there, on one host
};

struct Diagnosis {
  Cause cause = Cause::unseen;
  std::vector<int> culprits;  // ranks of the job, ascending; for a network all that are in the collective
  std::string text;           // one sentence or two that name them
};

// ranks: one for each rank of the job. lane: the one in which collectives hang. now_us: of the clock of the one who
// asks; those of other hosts may differ, so that it serves for durations only.
Diagnosis diagnose(const std::vector<Sight>& ranks, std::string_view lane, int64_t now_us);

// "rank 3 on node-7 (pid 4711)"; "rank 3" if nothing is known of it.
std::string name_of(const Sight& sight, int rank);
// "running, in all_reduce #41 of 4096 bytes for 5.1 s": what it does in that lane, or anywhere else.
std::string doing(const Sight& sight, std::string_view lane, int64_t now_us);
// "0-2, 5"
std::string rank_ranges(const std::vector<int>& ranks);

}  // namespace convoy::hang
