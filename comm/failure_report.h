// How a failing rank says who it is.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace convoy {

std::string host_name();

// Writes "rank R on HOST: reason" as one line to stderr, whole even if other ranks write at the same time.
void report_failure(int rank, std::string_view reason) noexcept;

// Ends this process at once: output is flushed, destructors do not run. May be called from any thread.
[[noreturn]] void exit_now(ExitCode code) noexcept;

}  // namespace convoy
