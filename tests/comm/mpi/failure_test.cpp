// What becomes of a job under mpirun whose ranks fail: how it ends, what it says, and when.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <regex>
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

int lines_of_failure(const Job& job) {
  const std::regex line("(^|\n)rank [0-9]+ on [^ \n]+: ");
  return static_cast<int>(
      std::distance(std::sregex_iterator(job.output.begin(), job.output.end(), line), std::sregex_iterator()));
}

void expect_line(const Job& job, const std::string& pattern) {
  EXPECT_TRUE(std::regex_search(job.output, std::regex(pattern))) << pattern << " is not in:\n" << job.output;
}

TEST(Failure, AStuckCollectiveIsNamedAndEndsTheJob) {
  const Job job = run_job("stuck-collective", 2, 2);
  EXPECT_EQ(job.exit_code, 71);
  EXPECT_LT(job.seconds, 10);
  expect_line(job, "rank 0 on [^ ]+: all_reduce of 4000 bytes, step 42, gradient bucket 2 of 5 has been waiting");
  EXPECT_EQ(lines_of_failure(job), 1) << job.output;
}

TEST(Failure, AStuckHostOperationIsNamedAndEndsTheJob) {
  const Job job = run_job("stuck-host", 1, 3);
  EXPECT_EQ(job.exit_code, 71);
  EXPECT_LT(job.seconds, 10);
  expect_line(job, "rank [02] on [^ ]+: barrier_host of 0 bytes, step 7, checkpoint has been waiting");
  EXPECT_EQ(lines_of_failure(job), 1) << job.output;
}

TEST(Failure, TheWatchdogLeavesAnIdleJobAlone) {
  const Job job = run_job("idle", 0.5, 2);
  EXPECT_EQ(job.exit_code, 0) << job.output;
}

TEST(Failure, AbortEndsAllRanksWithTheCodeAndOneReason) {
  const Job job = run_job("abort-one", 60, 2);
  EXPECT_EQ(job.exit_code, 4);
  EXPECT_LT(job.seconds, 8);
  expect_line(job, "rank 1 on [^ ]+: the checkpoint is damaged\n");
  EXPECT_EQ(lines_of_failure(job), 1) << job.output;
}

TEST(Failure, AbortsOfAllRanksAtOnceGiveOneReason) {
  const Job job = run_job("abort-all", 60, 4);
  EXPECT_EQ(job.exit_code, 72);
  EXPECT_LT(job.seconds, 8);
  EXPECT_EQ(lines_of_failure(job), 1) << job.output;
}

// Without abort(): the reason is lost, but nobody waits for ever.
TEST(Failure, AnExceptionThatLeavesTheCommunicatorEndsTheJob) {
  const Job job = run_job("exception", 60, 2);
  EXPECT_EQ(job.exit_code, 70);
  EXPECT_LT(job.seconds, 8);
  expect_line(job, "rank 1 on [^ ]+: an exception ended this rank");
}

}  // namespace
}  // namespace convoy
