#include "comm/hang/hang_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "comm/local/thread_communicator.h"
#include "core/base/files.h"
#include "tests/core/temporary_folder.h"

namespace convoy::hang {
namespace {

constexpr double kTimeout_s = 0.5;
const std::string kMine = "all_reduce of 64 bytes, step 7, weights has been waiting for 0.";

int count(const std::string& text, const std::string& words) {
  int found = 0;
  for (size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
  return found;
}

// Two ranks of one process: as far as the kernel tells, both live.
class TwoRanks : public testing::Test {
 protected:
  // What ranks do once each has begun; returns what was said.
  std::string run(const std::function<void(int rank, HangWatch&, CollectiveLog&)>& body) {
    testing::internal::CaptureStderr();
    on_threads(2, [&](Communicator& world) {
      HangWatch watch(world.rank(), 2);
      CollectiveLog log;
      log.publish(watch.publisher(), "all ranks", world.rank(), 2);
      watch.begin(world, {.run_folder = run_.path(), .timeout_s = kTimeout_s});
      body(world.rank(), watch, log);
      world.barrier_host();
    });
    return testing::internal::GetCapturedStderr();
  }
  // What the watchdog of a rank does whose collective hangs.
  static void wait_and_tell(HangWatch& watch, CollectiveLog& log) {
    const CollectiveScope scope(log, "all_reduce", 64, {7, "weights"});
    std::this_thread::sleep_for(std::chrono::duration<double>(kTimeout_s));
    EXPECT_TRUE(watch.tell(*log.oldest_in_flight(), kTimeout_s));
  }
  std::string report() { return read_file(run_ / "hang-report.txt"); }

  TemporaryFolder run_;
};

TEST_F(TwoRanks, ARankThatDoesNotComeIsNamedInOneLine) {
  const std::string said = run([](int rank, HangWatch& watch, CollectiveLog& log) {
    if (rank == 0) wait_and_tell(watch, log);
  });
  EXPECT_EQ(said.find("rank 0 on "), 0u) << said;
  EXPECT_EQ(count(said, kMine), 1) << said;
  EXPECT_EQ(count(said, "Diagnosis: rank 1 on "), 1) << said;
  EXPECT_EQ(count(said, "\n"), 1) << said;
  EXPECT_NE(report().find("has waited in all_reduce #1 of 64 bytes, step 7, weights for 0."), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(run_ / "ranks"));  // they have memory in common
}

TEST_F(TwoRanks, WhereBothWaitOneSaysSo) {
  const std::string said = run([](int, HangWatch& watch, CollectiveLog& log) { wait_and_tell(watch, log); });
  EXPECT_EQ(count(said, kMine), 1) << said;
  EXPECT_EQ(count(said, "Diagnosis: all ranks run"), 1) << said;
}

// Its heart has stopped, while its process, which is this one, goes on: that is what a host looks like that is lost.
TEST_F(TwoRanks, ARankWithoutAHeartbeatIsFrozen) {
  const HangOptions options{.run_folder = run_.path(), .timeout_s = kTimeout_s};
  testing::internal::CaptureStderr();
  on_threads(2, [&](Communicator& world) {
    HangWatch watch(world.rank(), 2);
    CollectiveLog log;
    log.publish(watch.publisher(), "all ranks", world.rank(), 2);
    if (world.rank() == 0) {
      watch.begin(world, options);
      wait_and_tell(watch, log);
    } else {
      watch.publisher()->publish_on(join_job(world, options)->board);
      world.barrier_host();
    }
    world.barrier_host();
  });
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("is frozen, or its host is down: no sign of life for "), std::string::npos) << said;
}

TEST_F(TwoRanks, ARankThatCannotBeSeenIsNotMadeUp) {
  const HangOptions options{.run_folder = run_.path(), .timeout_s = kTimeout_s};
  testing::internal::CaptureStderr();
  on_threads(2, [&](Communicator& world) {
    HangWatch watch(world.rank(), 2);
    CollectiveLog log;
    log.publish(watch.publisher(), "all ranks", world.rank(), 2);
    if (world.rank() == 0) {
      watch.begin(world, options);
      wait_and_tell(watch, log);
    } else {
      join_job(world, options);
      world.barrier_host();
    }
    world.barrier_host();
  });
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("Diagnosis: of rank 1 nothing is to be seen here"), std::string::npos) << said;
}

TEST_F(TwoRanks, UntilItHasBegunNothingIsTold) {
  HangWatch watch(0, 2);
  CollectiveLog log;
  log.publish(watch.publisher(), "all ranks", 0, 2);
  const CollectiveScope scope(log, "all_reduce", 64, {});
  EXPECT_FALSE(watch.tell(*log.oldest_in_flight(), kTimeout_s));
}

TEST_F(TwoRanks, WhatAnEarlierStartLeftIsRemoved) {
  make_folder(run_ / "ranks");
  write_file_atomically(run_ / "ranks" / "verdict", "old\n");
  run([](int, HangWatch&, CollectiveLog&) {});
  EXPECT_TRUE(std::filesystem::is_empty(run_.path()));
}

}  // namespace
}  // namespace convoy::hang
