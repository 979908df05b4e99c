// What becomes of a job under mpirun whose ranks fail: how it ends, what it says, and when.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <string>

namespace convoy {
namespace {

struct Job {
  int exit_code = -1;
  std::string output;  // both streams
  double seconds = 0;
};

Job run_job(const std::string& how, double timeout_s, int ranks) {
  const std::string command = std::string(CONVOY_MPIRUN) + " --oversubscribe -np " + std::to_string(ranks) + " " +
                              CONVOY_FAILING_JOB + " " + how + " " + std::to_string(timeout_s) + " 2>&1";
  const auto begin = std::chrono::steady_clock::now();
  FILE* pipe = popen(command.c_str(), "r");
  Job job;
  std::array<char, 4096> piece{};
  while (const size_t bytes = fread(piece.data(), 1, piece.size(), pipe)) job.output.append(piece.data(), bytes);
  const int status = pclose(pipe);
  job.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  job.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return job;
}

// Lines "rank R on HOST: reason" whose reason begins with the words given.
int lines_of_failure(const Job& job, const std::string& words = "") {
  std::istringstream lines(job.output);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of('\0'));  // Open MPI 5 ends its own messages with one
    const size_t reason = line.find(": ");
    const bool names_rank = line.rfind("rank ", 0) == 0 && line.find(" on ") < reason;
    if (names_rank && reason != std::string::npos && line.compare(reason + 2, words.size(), words) == 0) ++count;
  }
  return count;
}

void expect_one_reason(const Job& job, const std::string& words) {
  EXPECT_EQ(lines_of_failure(job), 1) << job.output;
  EXPECT_EQ(lines_of_failure(job, words), 1) << words << " is not in:\n" << job.output;
}

void expect_rank(const Job& job, const std::string& rank) {
  EXPECT_NE(job.output.find(rank + " on "), std::string::npos) << rank << " is not in:\n" << job.output;
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
