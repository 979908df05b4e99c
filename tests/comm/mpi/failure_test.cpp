// What becomes of a job under mpirun whose ranks fail: how it ends, what it says, and when.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "comm/failure_report.h"
#include "core/base/files.h"
#include "tests/comm/support/job.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

using test::expect_one_reason;
using test::expect_rank;
using test::Job;

Job run_job(const std::string& how, double timeout_s, int ranks, const std::string& run_folder = "") {
  return test::run_job(CONVOY_MPIRUN, ranks,
                       CONVOY_FAILING_JOB " " + how + " " + std::to_string(timeout_s) + " " + run_folder);
}

TEST(Failure, AStuckCollectiveIsNamedAndEndsTheJob) {
  const Job job = run_job("stuck-collective", 2, 2);
  EXPECT_EQ(job.exit_code, 71);
  EXPECT_LT(job.seconds, 10);
  expect_one_reason(job, "all_reduce of 4000 bytes, step 42, gradient bucket 2 of 5 has been waiting");
  expect_rank(job, "rank 0");
}

TEST(Failure, AStuckHostOperationIsNamedAndEndsTheJob) {
  const Job job = run_job("stuck-host", 1, 3);
  EXPECT_EQ(job.exit_code, 71);
  EXPECT_LT(job.seconds, 10);
  expect_one_reason(job, "barrier_host of 0 bytes, step 7, checkpoint has been waiting");
}

// With a run folder the ranks know of each other, and one of a machine that lives says so for all.
class Hang : public testing::Test {
 protected:
  Job run_job(const std::string& how, double timeout_s, int ranks) {
    return convoy::run_job(how, timeout_s, ranks, run_.path().string());
  }
  bool report_says(const std::string& words) { return report().find(words) != std::string::npos; }
  std::string report() { return read_file(run_ / "hang-report.txt"); }

  static int count(const std::string& text, const std::string& words) {
    int found = 0;
    for (size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
    return found;
  }

  TemporaryFolder run_;
};

TEST_F(Hang, AStoppedRankIsTheCulpritOnEveryOther) {
  const Job job = run_job("stopped", 2, 3);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 12);
  const std::string culprit = "is stopped by a signal: no sign of life for ";
  EXPECT_EQ(test::lines_of_failure(job, "all_reduce of 4000 bytes, step 3, gradient bucket 2 of 5 has been waiting"), 1)
      << job.output;
  EXPECT_EQ(test::lines_of_failure(job), 1) << job.output;
  EXPECT_EQ(count(job.output, "Diagnosis: rank 1 on " + host_name() + " (pid "), 1) << job.output;
  EXPECT_EQ(count(job.output, culprit), 1) << job.output;
  EXPECT_EQ(count(job.output, (run_ / "hang-report.txt").string()), 1) << job.output;
  EXPECT_TRUE(report_says("after all_reduce #3 of 4000 bytes, step 2, gradient bucket 2 of 5")) << report();
  EXPECT_TRUE(report_says("running, in all_reduce #4 of 4000 bytes, step 3, gradient bucket 2 of 5 for ")) << report();
}

TEST_F(Hang, ALateRankIsTheCulprit) {
  const Job job = run_job("late", 2, 3);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_EQ(test::lines_of_failure(job), 1) << job.output;
  EXPECT_EQ(count(job.output, "runs, but has not come: busy with its own code for "), 1) << job.output;
  EXPECT_EQ(count(job.output, "Diagnosis: rank 1 on " + host_name() + " (pid "), 1) << job.output;
}

TEST_F(Hang, RanksInDifferentCollectivesAreBothNamed) {
  const Job job = run_job("mismatch", 2, 2);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_EQ(test::lines_of_failure(job), 1) << job.output;
  EXPECT_TRUE(report_says("is in another collective, ")) << report();
  EXPECT_TRUE(report_says("barrier_host #")) << report();
  EXPECT_TRUE(report_says("all_reduce #4 of 4000 bytes")) << report();
}

TEST_F(Hang, TheCulpritOfAGroupIsNamedInTheWorld) {
  const Job job = run_job("late-in-a-group", 2, 3);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_EQ(count(job.output, "Diagnosis: rank 1 on " + host_name() + " (pid "), 1) << job.output;
}

TEST_F(Hang, AJobThatEndsWellLeavesNothing) {
  const Job job = run_job("idle", 0.5, 2);
  EXPECT_EQ(job.exit_code, 0) << job.output;
  EXPECT_TRUE(std::filesystem::is_empty(run_.path()));
}

TEST(Failure, TheWatchdogLeavesAnIdleJobAlone) {
  const Job job = run_job("idle", 0.5, 2);
  EXPECT_EQ(job.exit_code, 0) << job.output;
}

TEST(Failure, AbortEndsAllRanksWithTheCodeAndOneReason) {
  const Job job = run_job("abort-one", 60, 2);
  EXPECT_EQ(job.exit_code, 4);
  EXPECT_LT(job.seconds, 8);
  expect_one_reason(job, "the checkpoint is damaged");
  expect_rank(job, "rank 1");
}

TEST(Failure, AbortsOfAllRanksAtOnceGiveOneReason) {
  const Job job = run_job("abort-all", 60, 4);
  EXPECT_EQ(job.exit_code, 72);
  EXPECT_LT(job.seconds, 8);
  expect_one_reason(job, "reason of rank ");
}

// MPI_Init waits for all ranks, before there is a communicator whose watchdog could look.
TEST(Failure, ARankThatIsStoppedBeforeMpiInitDoesNotHoldTheOthers) {
  const Job job = run_job("stopped-before-start", 2, 3);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 20);
  EXPECT_GE(test::lines_of_failure(job, "MPI_Init has not come back for 10 s"), 1) << job.output;
}

TEST(Failure, ARankThatIsStoppedBeforeMpiFinalizeDoesNotHoldTheOthers) {
  const Job job = run_job("stopped-before-end", 2, 3);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 20);
  EXPECT_GE(test::lines_of_failure(job, "MPI_Finalize has not come back for 10 s"), 1) << job.output;
}

#ifndef __SANITIZE_ADDRESS__  // which has an allocator of its own
// Open MPI's handlers would allocate memory for a stack trace, and wait for the lock that the crash left locked.
TEST(Failure, ARankThatCrashesInsideMallocEnds) {
  const Job job = run_job("crash-in-malloc", 60, 2);
  EXPECT_EQ(job.exit_code, 128 + SIGABRT) << job.output;
  EXPECT_LT(job.seconds, 20);
}
#endif

// Without abort(): the reason is lost, but nobody waits for ever.
TEST(Failure, AnExceptionThatLeavesTheCommunicatorEndsTheJob) {
  const Job job = run_job("exception", 60, 2);
  EXPECT_EQ(job.exit_code, 70);
  EXPECT_LT(job.seconds, 8);
  expect_one_reason(job, "an exception ended this rank");
  expect_rank(job, "rank 1");
}

}  // namespace
}  // namespace convoy
