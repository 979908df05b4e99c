#include "launcher/progress/console.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/base/byte_text.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

constexpr std::string_view kEraseLine = "\r\033[K";

int columns_of(int fd) {
  winsize size = {};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool is_under_mpirun() { return std::getenv("OMPI_COMM_WORLD_RANK") != nullptr; }

// Where mpirun writes what it reads from a rank's fd, if it runs on this machine; -1 otherwise. To be closed.
int open_output_of_mpirun(int fd) {
  return ::open(fmt::format("/proc/{}/fd/{}", getppid(), fd).c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

// mpirun ends its job when it writes into a pipe that nobody reads.
bool would_end_mpirun(int fd) {
  if ((fd != STDOUT_FILENO && fd != STDERR_FILENO) || !is_under_mpirun()) return false;
  const int output = open_output_of_mpirun(fd);
  if (output < 0) return errno == ENXIO;  // how a named pipe without a reader refuses
  pollfd state{output, POLLOUT, 0};
  const bool unread = ::poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
  ::close(output);
  return unread;
}

}  // namespace

Terminal find_terminal() {
  const char* kind = std::getenv("TERM");
  if (kind == nullptr || std::string_view(kind) == "dumb" || !isatty(STDOUT_FILENO)) return {};
  if (!is_under_mpirun()) return {true, columns_of(STDOUT_FILENO)};
  const int fd = open_output_of_mpirun(STDOUT_FILENO);
  if (fd < 0) return {};
  const Terminal terminal{isatty(fd) == 1, columns_of(fd)};
  ::close(fd);
  return terminal;
}

void Console::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (live_.empty())
    write(fmt::format("{}\n", readable(text)));
  else
    write(fmt::format("{}{}\n{}", kEraseLine, readable(text), live_));
}

void Console::live(std::string_view text) {
  if (!has_live_line()) return;
  const std::lock_guard lock(mutex_);
  live_ = fit_columns(readable(text), columns_ - 1);  // a full last column would wrap
  write(fmt::format("{}{}", kEraseLine, live_));
}

void Console::end_live() {
  const std::lock_guard lock(mutex_);
  if (!live_.empty()) write("\n");
  live_.clear();
}

void Console::write(std::string_view text) {
  if (would_end_mpirun(fd_)) return;
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace convoy
