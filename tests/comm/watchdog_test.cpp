#include "comm/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "comm/local/thread_communicator.h"

namespace convoy {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, NamesTheCollectiveThatDoesNotComeBack) {
  CollectiveLog log;
  std::promise<std::string> reported;
  const Watchdog watchdog(log, 0.05,
                          [&](const CollectiveRecord& stuck) { reported.set_value(timeout_report(log, stuck, 0.05)); });
  CollectiveScope(log, "all_gather", 64, {7, "weights"});
  const CollectiveScope scope(log, "all_to_all", 128, {8, "gradient bucket 2 of 3"});
  auto report = reported.get_future();
  ASSERT_EQ(report.wait_for(10s), std::future_status::ready);
  const std::string text = report.get();
  EXPECT_EQ(text.find("all_to_all of 128 bytes, step 8, gradient bucket 2 of 3 has been waiting"), 0u) << text;
  EXPECT_NE(text.find("all_gather of 64 bytes, step 7, weights"), std::string::npos) << text;
}

TEST(Watchdog, IsSilentWhileNothingIsInFlightOrAllIsShort) {
  CollectiveLog log;
  std::atomic<int> alarms = 0;
  const Watchdog watchdog(log, 0.1, [&](const CollectiveRecord&) { ++alarms; });
  std::this_thread::sleep_for(250ms);
  for (int i = 0; i < 200; ++i) {
    const CollectiveScope scope(log, "all_reduce", 4, {});
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(alarms, 0);
}

TEST(Watchdog, EndsAtOnceHoweverLongTheTimeout) {
  CollectiveLog log;
  const auto begin = std::chrono::steady_clock::now();
  {
    const Watchdog watchdog(log, 3600, [](const CollectiveRecord&) {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

// Rank 1 never joins; whoever waits ends the process with the exit code of a timeout.
void wait_for_a_missing_rank() {
  on_threads(
      2,
      [](Communicator& c) {
        if (c.rank() == 1) std::this_thread::sleep_for(1h);
        c.label(3, "validation loss");
        c.barrier_host();
      },
      0.1);
}

TEST(WatchdogDeathTest, EndsTheJobWithTheExitCodeOfATimeout) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(wait_for_a_missing_rank(), testing::ExitedWithCode(71),
              "rank 0 on [^ ]+: barrier_host of 0 bytes, step 3, validation loss has been waiting");
}

}  // namespace
}  // namespace convoy
