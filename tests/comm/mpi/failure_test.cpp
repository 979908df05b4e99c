// What becomes of a job under mpirun whose ranks fail: how it ends, what it says, and when.
#include <gtest/gtest.h>

#include <string>

#include "tests/comm/support/job.h"

namespace convoy {
namespace {

using test::expect_one_reason;
using test::expect_rank;
using test::Job;

Job run_job(const std::string& how, double timeout_s, int ranks) {
  return test::run_job(CONVOY_MPIRUN, ranks, CONVOY_FAILING_JOB " " + how + " " + std::to_string(timeout_s));
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
