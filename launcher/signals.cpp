#include "launcher/signals.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "core/base/error.h"

namespace convoy {
namespace {

constexpr std::array kSignals = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP, SIGXCPU, SIGPWR};

// A handler can reach nothing but globals; lock-free atomics are all it may touch.
std::atomic<bool> save_requested{false};
std::atomic<bool> stop_requested{false};
std::atomic<int> interrupts{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, kSignals.size()> previous;

sigset_t all_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  return set;
}

// nohup asks for that.
bool stays_ignored(int signal, const struct sigaction& before) {
  return signal == SIGHUP && before.sa_handler == SIG_IGN;
}

void exit_at_once() {
  constexpr std::string_view kMessage = "\ntrainer: interrupted twice: stopped at once, nothing was saved\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(128 + SIGINT);
}

void handle(int signal) {
  if (signal == SIGINT && interrupts.fetch_add(1) > 0) exit_at_once();
  if (signal != SIGUSR1) stop_requested = true;  // first: who sees the save sees the stop
  save_requested = true;
}

}  // namespace

void survive_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

Signals::Signals() {
  save_requested = stop_requested = false;
  interrupts = 0;
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // a checkpoint being written must not fail with EINTR
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &previous[i]);
    if (stays_ignored(kSignals[i], previous[i])) sigaction(kSignals[i], &previous[i], nullptr);
  }
  const sigset_t ours = all_signals();
  pthread_sigmask(SIG_BLOCK, &ours, &mask_before_);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0) throw InternalError(fmt::format("no eventfd for signals: {}", std::strerror(errno)));
  listener_ = std::thread([this] { listen(); });
}

Signals::~Signals() {
  constexpr uint64_t kOne = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &kOne, sizeof kOne);
  listener_.join();
  ::close(wake_);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous[i], nullptr);
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

// Handlers run on this thread, or on one of MPI's that began earlier.
void Signals::listen() {
  const sigset_t ours = all_signals();
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  uint64_t value = 0;
  while (::read(wake_, &value, sizeof value) < 0 && errno == EINTR) {
  }
}

StopRequest Signals::poll() { return {save_requested.exchange(false), stop_requested.load()}; }

}  // namespace convoy
