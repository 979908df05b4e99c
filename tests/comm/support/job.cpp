#include "tests/comm/support/job.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <sstream>

namespace convoy::test {

Job run_job(const std::string& mpirun, int ranks, const std::string& program_and_arguments,
            const std::string& environment) {
  const std::string command = environment + " " + mpirun + " --oversubscribe -np " + std::to_string(ranks) + " " +
                              program_and_arguments + " 2>&1";
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

int lines_of_failure(const Job& job, const std::string& words) {
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

}  // namespace convoy::test
