// The one place where errors become messages and exit codes.
#pragma once

#include <functional>

#include "core/comm/communicator.h"

namespace convoy {

// Runs the action and returns its exit code; an exception becomes one message on standard error and the exit code of
// its class, 70 for what is no Error.
int report_errors(const std::function<int()>& action) noexcept;

// At the very end, with the exit code of the command: if standard output could not take all that was printed (a full
// disk, a reader that went away and PIPE ignored), says so and makes a success an internal error.
int finish_output(int exit_code) noexcept;

// As report_errors() above, inside a group of ranks: a failing rank aborts the others, and the reason is printed once.
int report_errors(Communicator& communicator, const std::function<int()>& action);

}  // namespace convoy
