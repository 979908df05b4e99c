// A hang among 64 ranks on 8 machines, each a thread, in a folder where every open takes 0.7 s.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "comm/hang/hang_watch.h"
#include "comm/local/thread_communicator.h"
#include "comm/simulated/counting_communicator.h"
#include "core/base/files.h"
#include "tests/core/temporary_folder.h"

namespace convoy::hang {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRanks = 64, kRanksOfAMachine = 8;
constexpr double kDeadline_s = 2, kInTime_s = 10;
constexpr auto kOpen = std::chrono::milliseconds(700);

class ManyMachines : public testing::Test {
 protected:
  ManyMachines() {
    options_.run_folder = run_.path();
    options_.timeout_s = kDeadline_s;
    options_.before_open = [this](const std::filesystem::path& path) {
      if (!hangs_) return;  // what is opened at the start is counted elsewhere
      {
        const std::lock_guard lock(mutex_);
        ++opened_[path.filename().string()];
      }
      std::this_thread::sleep_for(kOpen);
    };
  }

  struct Rank {
    Communicator& world;
    HangWatch& watch;
    CollectiveLog& log;
  };
  static int machine_of(int rank) { return rank / kRanksOfAMachine; }

  // All ranks begin; then each does what the body says.
  void run(const std::function<void(Rank)>& body, const std::function<bool(int rank)>& is_frozen = {}) {
    testing::internal::CaptureStderr();
    on_threads(kRanks, [&](Communicator& threads) {
      simulated::CountingCommunicator world(threads, {.node_ranks = kRanksOfAMachine});
      HangWatch watch(world.rank(), kRanks);
      CollectiveLog log;
      log.publish(watch.publisher(), "all ranks", world.rank(), kRanks);
      if (is_frozen && is_frozen(world.rank()))
        freeze(world, watch);
      else
        watch.begin(world, options_);
      world.barrier_host();
      if (world.rank() == 0) before_hang_();
      hangs_ = true;
      world.barrier_host();
      body({world, watch, log});
      world.barrier_host();
      hangs_ = false;
      world.barrier_host();
    });
    said_ = testing::internal::GetCapturedStderr();
  }
  // It has begun, and does nothing from then on: its heart does not beat, nobody of its machine writes.
  void freeze(Communicator& world, HangWatch& watch) {
    const auto job = join_job(world, options_);
    watch.publisher()->publish_on(job->board);
    world.barrier_host();
    if (world.rank() == job->machines.own)
      SummaryFile::create(job->summary_of(job->machines.own), {.idle_s = 0, .ranks = job->neighbours()});
  }
  // What the watchdog of a rank does whose collective hangs.
  static void expect_told_in_time(Rank rank) {
    const CollectiveScope scope(rank.log, "all_reduce", 64, {7, "weights"});
    std::this_thread::sleep_for(std::chrono::duration<double>(kDeadline_s));
    const auto due = Clock::now();
    EXPECT_TRUE(rank.watch.tell(*rank.log.oldest_in_flight(), kDeadline_s)) << "rank " << rank.world.rank();
    EXPECT_LT(std::chrono::duration<double>(Clock::now() - due).count(), kInTime_s);
  }

  int opened(const std::string& beginning) const {
    int count = 0;
    for (const auto& [name, times] : opened_)
      if (name.rfind(beginning, 0) == 0) count += times;
    return count;
  }
  int lines() const { return static_cast<int>(std::count(said_.begin(), said_.end(), '\n')); }
  int lines_with(const std::string& words) const {
    int found = 0;
    for (size_t at = said_.find(words); at != std::string::npos; at = said_.find(words, at + 1)) ++found;
    return found;
  }

  TemporaryFolder run_;
  HangOptions options_;
  std::function<void()> before_hang_ = [] {};
  std::atomic<bool> hangs_ = false;
  std::mutex mutex_;
  std::map<std::string, int> opened_;  // by name
  std::string said_;
};

TEST_F(ManyMachines, ALateRankIsNamedOnEachInTime) {
  run([&](Rank rank) {
    if (rank.world.rank() != 37) expect_told_in_time(rank);
  });
  EXPECT_EQ(lines(), kRanks / kRanksOfAMachine) << said_;
  EXPECT_EQ(lines_with("Diagnosis: rank 37 on "), lines()) << said_;
  EXPECT_EQ(lines_with("runs, but has not come"), lines()) << said_;
  EXPECT_EQ(opened("machine-"), kRanks / kRanksOfAMachine - 1);  // one rank reads, each of the others' once
  EXPECT_LE(opened("judge-"), kRanks / kRanksOfAMachine);
}

TEST_F(ManyMachines, AMachineThatIsLostIsNamedInTime) {
  run(
      [&](Rank rank) {
        if (machine_of(rank.world.rank()) != 0) expect_told_in_time(rank);
      },
      [](int rank) { return machine_of(rank) == 0; });
  EXPECT_EQ(lines(), kRanks / kRanksOfAMachine - 1) << said_;
  EXPECT_EQ(lines_with("Diagnosis: rank 0 on "), lines()) << said_;
  EXPECT_EQ(lines_with("and so on for ranks 0-7"), lines()) << said_;
  EXPECT_LE(opened("machine-"), kRanks / kRanksOfAMachine - 1 + 1);  // that of the lost machine twice
}

// Who made the judge's file did not live to use it.
TEST_F(ManyMachines, WhereTheJudgeIsStoppedAnotherTakesOver) {
  before_hang_ = [this] { File::create(run_ / "ranks" / "judge-0"); };
  run([&](Rank rank) {
    if (rank.world.rank() != 37) expect_told_in_time(rank);
  });
  EXPECT_EQ(lines(), kRanks / kRanksOfAMachine) << said_;
  EXPECT_EQ(lines_with("Diagnosis: rank 37 on "), lines()) << said_;
}

}  // namespace
}  // namespace convoy::hang
