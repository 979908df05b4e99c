#include "launcher/crash_stack.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

namespace convoy {
namespace {

// Sanitizers have handlers of their own, which stay.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(CrashStackDeathTest, ACrashPrintsItsStackAndEndsAsItWouldHave) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS})
    EXPECT_EXIT(
        {
          print_stack_on_crash();
          std::raise(signal);
        },
        testing::KilledBySignal(signal), "rank 0 on .*: crashed: .*Its stack.*\n.*launcher_test.*\\[0x")
        << signal;
}

TEST(CrashStackDeathTest, AnOverflownStackIsTold) {
  // NOLINTNEXTLINE(misc-no-recursion)
  static int (*volatile deeper)(int) = [](int depth) {
    volatile char frame[4096];
    frame[0] = static_cast<char>(depth);
    return deeper(depth + 1) + frame[0];
  };
  EXPECT_EXIT(
      {
        print_stack_on_crash();
        deeper(0);
      },
      testing::KilledBySignal(SIGSEGV), "crashed");
}

// The handler would wait for itself if it allocated memory: the thread that it interrupts often holds malloc's lock.
TEST(CrashStackDeathTest, ACrashInsideMallocEndsTheProgram) {
  const auto allocate = [] {
    std::vector<void*> blocks(64);
    while (true)
      for (void*& block : blocks) {
        std::free(block);
        block = std::malloc(20000);  // too large to be served without the lock
      }
  };
  for (int i = 0; i < 30; ++i)
    EXPECT_EXIT(
        {
          print_stack_on_crash();
          const pthread_t busy = pthread_self();
          std::thread([busy] {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            pthread_kill(busy, SIGSEGV);
          }).detach();
          allocate();
        },
        testing::KilledBySignal(SIGSEGV), "crashed");
}

#endif

}  // namespace
}  // namespace convoy
