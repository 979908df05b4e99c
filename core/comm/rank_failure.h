// What a rank's own work threw, on its way to the other ranks.
#pragma once

#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/comm/communicator.h"

namespace convoy {

struct RankFailure {
  ExitCode code = ExitCode::done;  // done: nothing was thrown
  std::string message;

  bool happened() const { return code != ExitCode::done; }
};

// Does the work, and keeps what it throws.
RankFailure failure_of(const std::function<void()>& work);

// Collective: every rank throws `rank`'s failure as a SharedError.
[[noreturn]] void throw_failure_of(int rank, RankFailure mine, Communicator& communicator);

}  // namespace convoy
