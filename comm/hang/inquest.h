// Finds out who keeps the others waiting: one rank of the job compares all, the others learn what it found.
//
// It reads the summary of every other machine, once, many at a time, and a second time those of machines that seem to
// have died. Where the rank that does it is stopped in the middle of it, another begins again.
#pragma once

#include <memory>

#include "comm/hang/watched_job.h"

namespace convoy::hang {

// Ends when the verdict is on this machine's board, or cannot be had, and closes the case there. Blocks on the file
// system. takes_over: another rank of this machine has begun and not come to an end.
void hold_inquest(const WatchedJob& job, bool takes_over);

}  // namespace convoy::hang
