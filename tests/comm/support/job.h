// A program under mpirun that is expected to fail: how it ends, what it says, and when.
#pragma once

#include <string>

namespace convoy::test {

struct Job {
  int exit_code = -1;
  std::string output;  // both streams
  double seconds = 0;
};

// mpirun -np RANKS PROGRAM ARGUMENTS; environment: "NAME=VALUE ..." for the ranks. Needs mpirun's path.
Job run_job(const std::string& mpirun, int ranks, const std::string& program_and_arguments,
            const std::string& environment = "");

// Lines "rank R on HOST: reason" whose reason begins with the words given.
int lines_of_failure(const Job& job, const std::string& words = "");

// One such line, and it begins with the words.
void expect_one_reason(const Job& job, const std::string& words);
// rank: as in "rank 1".
void expect_rank(const Job& job, const std::string& rank);

}  // namespace convoy::test
