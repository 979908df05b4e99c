#include "launcher/progress/console.h"

#include <fcntl.h>
#include <fmt/format.h>
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

}  // namespace

Terminal find_terminal() {
  const char* kind = std::getenv("TERM");
  if (kind == nullptr || std::string_view(kind) == "dumb" || !isatty(STDOUT_FILENO)) return {};
  if (std::getenv("OMPI_COMM_WORLD_RANK") == nullptr) return {true, columns_of(STDOUT_FILENO)};
  const int fd = ::open(fmt::format("/proc/{}/fd/1", getppid()).c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
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
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace convoy
