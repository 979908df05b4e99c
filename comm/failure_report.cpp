#include "comm/failure_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "core/base/byte_text.h"

namespace convoy {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

void report_failure(int rank, std::string_view reason) noexcept {
  const std::string line = fmt::format("rank {} on {}: {}\n", rank, host_name(), readable(reason));
  std::cerr.flush();
  // One write, so that lines of several processes on one terminal or pipe do not mix.
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t bytes = write(STDERR_FILENO, line.data() + sent, line.size() - sent);
    if (bytes <= 0) return;
    sent += static_cast<size_t>(bytes);
  }
}

void exit_now(ExitCode code) noexcept {
  std::cout.flush();
  std::fflush(stdout);
  std::_Exit(static_cast<int>(code));
}

}  // namespace convoy
