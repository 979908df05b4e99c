#include "comm/hang/hang_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/base/files.h"
#include "tests/core/temporary_folder.h"

namespace convoy::hang {
namespace {

constexpr double kTimeout_s = 0.5;

// Two ranks of one process: as far as the kernel tells, both live.
class TwoRanks : public testing::Test {
 protected:
  void begin(HangWatch& watch, CollectiveLog& log, int rank) {
    log.publish(watch.publisher(), "all ranks", rank, 2);
    watch.begin({.run_folder = run_.path(), .timeout_s = kTimeout_s});
  }
  // What the watchdog of a rank does whose collective hangs.
  static bool wait_and_tell(HangWatch& watch, const CollectiveLog& log) {
    const CollectiveRecord stuck = *log.oldest_in_flight();
    while (std::chrono::steady_clock::now() - stuck.entered < std::chrono::duration<double>(kTimeout_s)) {
      watch.look(stuck);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return watch.tell(stuck, kTimeout_s);
  }
  std::string report() { return read_file(run_ / "hang-report.txt"); }

  TemporaryFolder run_;
};

TEST_F(TwoRanks, ARankThatDoesNotComeIsNamedByBoth) {
  HangWatch first(0, 2), second(1, 2);
  CollectiveLog log, other_log;
  begin(first, log, 0);
  begin(second, other_log, 1);
  const CollectiveScope scope(log, "all_reduce", 64, {7, "weights"});
  testing::internal::CaptureStderr();
  EXPECT_TRUE(wait_and_tell(first, log));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("all_reduce of 64 bytes, step 7, weights has been waiting for 0.5 s"), std::string::npos) << said;
  EXPECT_NE(said.find("the job hangs, this rank is running, in no collective yet. Diagnosis: rank 1 on "),
            std::string::npos)
      << said;
  EXPECT_NE(report().find("has waited in all_reduce #1 of 64 bytes, step 7, weights for 0."), std::string::npos);
}

// Whoever is the first to look: a rank that waits says that it does.
TEST_F(TwoRanks, ARankThatWaitsSaysSoWhoeverHasJudged) {
  HangWatch first(0, 2), second(1, 2);
  CollectiveLog log, other_log;
  begin(first, log, 0);
  begin(second, other_log, 1);
  const CollectiveScope scope(log, "all_reduce", 64, {7, "weights"}),
      other(other_log, "all_reduce", 64, {7, "weights"});
  testing::internal::CaptureStderr();
  EXPECT_TRUE(wait_and_tell(first, log));
  const std::string said = testing::internal::GetCapturedStderr();
  const std::string mine = "all_reduce of 64 bytes, step 7, weights has been waiting for 0.";
  for (const char* rank : {"rank 0 on ", "rank 1 on "}) {
    const size_t line = said.find(rank);
    ASSERT_NE(line, std::string::npos) << said;
    EXPECT_LT(said.find(mine, line), said.find('\n', line)) << said;
  }
  EXPECT_NE(said.find("s, another rank longer than parallel.timeout_s = 0.5. Diagnosis: all ranks run"),
            std::string::npos)
      << said;
}

// Its heart has stopped, while its process, which is this one, goes on: that is what a host looks like that is lost.
TEST_F(TwoRanks, ARankWithoutAHeartbeatIsFrozen) {
  HangWatch first(0, 2);
  CollectiveLog log;
  begin(first, log, 0);
  StatePublisher(1, 2).publish_in(state_path(run_ / "ranks", 1));
  const CollectiveScope scope(log, "all_reduce", 64, {7, "weights"});
  testing::internal::CaptureStderr();
  EXPECT_TRUE(wait_and_tell(first, log));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("is frozen, or its host is down: no sign of life for "), std::string::npos) << said;
}

TEST_F(TwoRanks, ARankThatCannotBeSeenIsNotMadeUp) {
  HangWatch first(0, 2);
  CollectiveLog log;
  begin(first, log, 0);
  const CollectiveScope scope(log, "all_reduce", 64, {7, "weights"});
  testing::internal::CaptureStderr();
  EXPECT_TRUE(wait_and_tell(first, log));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("Diagnosis: of rank 1 nothing is to be seen here"), std::string::npos) << said;
}

TEST_F(TwoRanks, WithoutAFolderNothingIsTold) {
  HangWatch watch(0, 2);
  CollectiveLog log;
  log.publish(watch.publisher(), "all ranks", 0, 2);
  const CollectiveScope scope(log, "all_reduce", 64, {});
  watch.look(*log.oldest_in_flight());
  EXPECT_FALSE(watch.tell(*log.oldest_in_flight(), kTimeout_s));
}

TEST_F(TwoRanks, WhatAnEarlierStartLeftIsRemoved) {
  make_folder(run_ / "ranks");
  write_file_atomically(run_ / "ranks" / "verdict", "old");
  {
    HangWatch watch(0, 1);
    watch.clear({.run_folder = run_.path()});
    EXPECT_TRUE(std::filesystem::is_empty(run_ / "ranks"));
    watch.begin({.run_folder = run_.path()});
    EXPECT_TRUE(std::filesystem::exists(state_path(run_ / "ranks", 0)));
  }
  EXPECT_TRUE(std::filesystem::is_empty(run_.path()));
}

}  // namespace
}  // namespace convoy::hang
