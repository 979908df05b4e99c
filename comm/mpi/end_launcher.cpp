#include "comm/mpi/end_launcher.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <fstream>
#include <string>

namespace convoy::mpi {
namespace {

constexpr int kDescriptors = 1024;  // of the daemon, looked through

bool is_daemon_of_one_job(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(file, name);
  return name == "mpirun" || name == "orterun" || name == "orted" || name == "prterun";
}

// What follows runs between fork and _exit of a process with threads: system calls only.

bool ends_within(int process, std::chrono::milliseconds time) {
  pollfd end{process, POLLIN, 0};
  return ::poll(&end, 1, static_cast<int>(time.count())) > 0;
}

bool leads_to_another_host(int socket) {
  sockaddr_storage peer{};
  socklen_t bytes = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) return false;
  if (peer.ss_family == AF_INET6) return !IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6*>(&peer)->sin6_addr);
  const auto* address = reinterpret_cast<const sockaddr_in*>(&peer);
  return peer.ss_family == AF_INET && ntohl(address->sin_addr.s_addr) >> 24 != 127;
}

void close_connections_of(int process) {
  for (int number = 0; number < kDescriptors; ++number) {
    const auto copy = static_cast<int>(::syscall(SYS_pidfd_getfd, process, number, 0));
    if (copy < 0) continue;
    if (leads_to_another_host(copy)) ::shutdown(copy, SHUT_RDWR);
    ::close(copy);
  }
}

// The descriptor names the process even when its number has been given to another one.
[[noreturn]] void end_daemon(int process, std::chrono::seconds grace) {
  if (ends_within(process, grace)) ::_exit(0);
  close_connections_of(process);
  if (!ends_within(process, std::chrono::seconds(1))) ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
  ::_exit(0);
}

}  // namespace

void end_launcher_after(std::chrono::seconds grace) noexcept try {
  const pid_t daemon = ::getppid();
  if (!is_daemon_of_one_job(daemon)) return;
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, daemon, 0));
  if (process < 0) return;
  const pid_t child = ::fork();
  if (child == 0) {
    // Not in the group of processes that the daemon kills, and not holding its pipes open.
    ::setsid();
    for (int number = 0; number < kDescriptors; ++number)
      if (number != process) ::close(number);
    end_daemon(process, grace);
  }
  ::close(process);
} catch (const std::exception&) {
  // No memory for a name: the daemon is left to its own time limits.
}

}  // namespace convoy::mpi
