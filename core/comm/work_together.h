// Work on files, which takes as long as it takes: whoever waits for another rank's gets signs of life instead of
// silence.
//
// While a rank works, a thread of it tells the others several times a second that it does. So a collective that waits
// for a healthy rank's slow disk never takes longer than parallel.timeout_s, and a rank that is stopped or gone is
// found as fast as anywhere else. The work has a limit of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/comm/communicator.h"

namespace convoy {

struct FileWork {
  std::string what;                // "verifying step-00000500"
  double limit_s = 0;              // checkpoint.timeout_s; 0: none
  std::function<int64_t()> bytes;  // read and written here so far; absent: by the calling thread
};

// Collective. Does this rank's part, which may be nothing and uses no host operations of the communicator, and waits
// for the other ranks'. Meanwhile rank 0 says now and then how it goes. If a part throws, every rank throws a
// SharedError with the words of the first such rank. Past the limit the job ends with ExitCode::timed_out, which names
// the ranks that still work. One rank alone simply works.
void work_together(Communicator& communicator, const FileWork& work, const std::function<void()>& part);

}  // namespace convoy
