// What becomes of a job under mpirun whose ranks fail while NCCL moves data between their GPUs.
#include <gtest/gtest.h>

#include <string>

#include "core/base/files.h"
#include "tests/comm/support/job.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

using test::expect_one_reason;
using test::expect_rank;
using test::Job;

Job run_job(const std::string& how, double timeout_s, int ranks, const std::string& environment = "",
            const std::string& run_folder = "") {
  return test::run_job(CONVOY_MPIRUN, ranks,
                       CONVOY_FAILING_JOB " " + how + " " + std::to_string(timeout_s) + " " + run_folder, environment);
}

bool says(const Job& job, const std::string& words) { return job.output.find(words) != std::string::npos; }

TEST(NcclFailure, AJobWithoutFaultsEndsWell) {
  const Job job = run_job("well", 1, 2);
  EXPECT_EQ(job.exit_code, 0) << job.output;
  EXPECT_TRUE(says(job, "finished step 4")) << job.output;
}

TEST(NcclFailure, ACollectiveThatHangsIsNamedAndEndsTheJob) {
  const Job job = run_job("well", 2, 2, "VGPU_NCCL_FAULT=rank=1,collective=3,kind=hang");
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 15);
  expect_one_reason(job, "all_reduce of 4000 bytes, step 2, gradient bucket 2 of 5 has been waiting");
  EXPECT_TRUE(says(job, "Last collective that finished here: all_reduce of 4000 bytes, step 1")) << job.output;
  EXPECT_FALSE(says(job, "finished step 2")) << job.output;
}

TEST(NcclFailure, ARankThatIsStoppedIsNoticed) {
  const Job job = run_job("stopped", 2, 2);
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 15);
  expect_one_reason(job, "all_reduce of 4000 bytes, step 3, gradient bucket 2 of 5 has been waiting");
  expect_rank(job, "rank 0");
}

// With a run folder the ranks know of each other.
TEST(NcclFailure, ARankThatIsStoppedIsNamed) {
  const TemporaryFolder folder;
  const Job job = run_job("stopped", 2, 3, "", folder.path().string());
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 15);
  EXPECT_EQ(test::lines_of_failure(job, "all_reduce of 4000 bytes, step 3, gradient bucket 2 of 5 has been waiting"), 1)
      << job.output;
  EXPECT_TRUE(says(job, "Diagnosis: rank 1 on ")) << job.output;
  EXPECT_TRUE(says(job, "is stopped by a signal: no sign of life for ")) << job.output;
  const std::string report = read_file(folder / "hang-report.txt");
  EXPECT_NE(report.find("running, in all_reduce #4 of 4000 bytes, step 3, gradient bucket 2 of 5 for "),
            std::string::npos)
      << report;
  EXPECT_NE(report.find("(all ranks, NCCL)"), std::string::npos) << report;
}

TEST(NcclFailure, ALateRankIsWaitedFor) {
  const Job job = run_job("late", 10, 2);
  EXPECT_EQ(job.exit_code, 0) << job.output;
}

TEST(NcclFailure, AnErrorOfNcclIsNamedAndEndsTheJob) {
  const Job job = run_job("well", 30, 3, "VGPU_NCCL_FAULT=rank=1,collective=3,kind=error");
  EXPECT_EQ(job.exit_code, 71) << job.output;
  EXPECT_LT(job.seconds, 10);
  expect_one_reason(job, "NCCL failed: ");
  EXPECT_TRUE(says(job, "has not finished here: all_reduce of 4000 bytes, step 2, gradient bucket 2")) << job.output;
  EXPECT_TRUE(says(job, "Last one that has: all_reduce of 4000 bytes, step 1, gradient bucket 2")) << job.output;
  EXPECT_FALSE(says(job, "finished step 2")) << job.output;
}

// Either mpirun ends the job because a rank is gone, or NCCL notices first.
TEST(NcclFailure, AKilledRankEndsTheJobWithinSeconds) {
  const Job job = run_job("killed", 30, 2);
  EXPECT_TRUE(job.exit_code == 71 || job.exit_code == 137) << job.exit_code << "\n" << job.output;
  EXPECT_LT(job.seconds, 10);
  EXPECT_FALSE(says(job, "finished step 3")) << job.output;
}

TEST(NcclFailure, ARankThatFailsByItselfEndsTheJobWithItsReason) {
  const Job job = run_job("exception", 30, 2);
  EXPECT_EQ(job.exit_code, 3) << job.output;
  EXPECT_LT(job.seconds, 10);
  expect_one_reason(job, "shard 3 is truncated");
}

}  // namespace
}  // namespace convoy
