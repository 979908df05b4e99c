#include "launcher/crash_stack.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "comm/failure_report.h"
#include "comm/mpi/launch_environment.h"

namespace convoy {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
constexpr size_t kStackBytes = 64 << 10;

// Made beforehand: a handler may not allocate.
struct CrashTexts {
  std::array<std::string, kCrashes.size()> headings;
  std::array<char, kStackBytes> stack;  // for the thread that overflows its own
};

CrashTexts& texts() {
  static CrashTexts made;
  return made;
}

void write_to_stderr(const std::string& text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // there is nobody left to tell
}

// Uses only what may be used in the middle of malloc.
void on_crash(int signal) {
  for (size_t i = 0; i < kCrashes.size(); ++i)
    if (kCrashes[i] == signal) write_to_stderr(texts().headings[i]);
  std::array<void*, 64> frames{};
  const int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
  backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
  std::raise(signal);  // the handler is gone by now
}

// UCX, which Open MPI brings along, has handlers that allocate memory, and keeps sigaction from replacing them.
void disable_handlers_of_ucx() {
  if (void* const disable = dlsym(RTLD_DEFAULT, "ucs_debug_disable_signals")) reinterpret_cast<void (*)()>(disable)();
}

}  // namespace

void print_stack_on_crash() {
  const mpi::LaunchEnvironment launch = mpi::launch_environment();
  for (size_t i = 0; i < kCrashes.size(); ++i)
    texts().headings[i] = fmt::format(
        "rank {} on {}: crashed: {} (signal {}). Its stack, innermost first; `addr2line -Cfpe PROGRAM ADDRESS` names "
        "the lines:\n",
        launch.rank, host_name(), strsignal(kCrashes[i]), kCrashes[i]);
  void* frame = nullptr;
  backtrace(&frame, 1);  // loads what unwinds, which allocates

  disable_handlers_of_ucx();
  stack_t stack{};
  stack.ss_sp = texts().stack.data();
  stack.ss_size = texts().stack.size();
  sigaltstack(&stack, nullptr);
  for (const int signal : kCrashes) {
    struct sigaction before {};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = on_crash;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace convoy
