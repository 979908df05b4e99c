#include "launcher/signals.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string_view>

namespace convoy {
namespace {

constexpr std::array kSignals = {SIGUSR1, SIGTERM, SIGINT};

// A handler can reach nothing but globals; lock-free atomics are all it may touch.
std::atomic<bool> save_requested{false};
std::atomic<bool> stop_requested{false};
std::atomic<int> interrupts{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, kSignals.size()> previous;

void exit_at_once() {
  constexpr std::string_view kMessage = "\ntrainer: interrupted twice: stopped at once, nothing was saved\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kMessage.data(), kMessage.size());
  ::_exit(128 + SIGINT);
}

void handle(int signal) {
  if (signal == SIGINT && interrupts.fetch_add(1) > 0) exit_at_once();
  save_requested = true;
  if (signal != SIGUSR1) stop_requested = true;
}

}  // namespace

Signals::Signals() {
  save_requested = stop_requested = false;
  interrupts = 0;
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // a checkpoint being written must not fail with EINTR
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &previous[i]);
}

Signals::~Signals() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous[i], nullptr);
}

StopRequest Signals::poll() { return {save_requested.exchange(false), stop_requested.load()}; }

}  // namespace convoy
