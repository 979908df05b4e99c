// Ranks in processes of their own: results, death, faults on demand, mismatches.
#include "tests/virtual_gpu/nccl/tests/processes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace convoy {
namespace {
void expect(const Outcome& outcome, const std::vector<int>& statuses, const std::string& words) {
  EXPECT_EQ(outcome.statuses, statuses) << outcome.errors;
  EXPECT_NE(outcome.errors.find(words), std::string::npos) << "wanted \"" << words << "\" in:\n" << outcome.errors;
  EXPECT_LT(outcome.seconds, 15);
}

TEST(Processes, Sum) {
  for (const int ranks : {1, 2, 5}) expect(run_processes("ten_sums", ranks), std::vector<int>(ranks, kFine), "");
}

TEST(Processes, TwoCommunicators) { expect(run_processes("two_communicators", 3), {kFine, kFine, kFine}, ""); }

TEST(Processes, OneIsKilled) {
  const std::string words = "the process of rank 1 has died";
  expect(run_processes("killed_in_the_middle", 3), {kRemoteError, kKilled, kRemoteError}, words);
  expect(run_processes("killed_while_all_are_idle", 3), {kRemoteError, kKilled, kRemoteError}, words);
  expect(run_processes("waits_on_the_stream", 3), {kRemoteError, kKilled, kRemoteError}, words);
}

TEST(Processes, FaultsOnDemand) {
  expect(run_processes("ten_sums", 3, "rank=1,collective=3,kind=error"), {kRemoteError, kInternalError, kRemoteError},
         "rank 1 fails in collective 3");
  expect(run_processes("ten_sums", 3, "rank=2,collective=11,kind=exit"), {kRemoteError, kRemoteError, 1}, "rank 2");
  // Rank 0 loses patience and aborts; the rank that hangs is told, and ends by its own abort.
  const Outcome hang = run_processes("impatient", 3, "rank=1,collective=2,kind=hang");
  expect(hang, {kTimedOut, kRemoteError, kRemoteError}, "rank 0 aborted with operations unfinished");
}

TEST(Processes, AFaultThatCannotBeReadIsRefused) {
  expect(run_processes("ten_sums", 1, "rank=1,collective=x"), {2}, "wanted as in");
  expect(run_processes("ten_sums", 1, "rank=1,kind=hang"), {2}, "wanted as in");
}

TEST(Processes, MismatchesNameBothSides) {
  const std::vector<int> misuse(2, kMisuse);
  expect(run_processes("different_counts", 2), misuse,
         "rank 0: collective 1, AllReduce of 1000 float32, sum; rank 1: collective 1, AllReduce of 999 float32, sum");
  expect(
      run_processes("different_operations", 2), misuse,
      "rank 0: collective 1, AllReduce of 1000 float32, sum; rank 1: collective 1, AllReduce of 1000 float32, maximum");
  expect(
      run_processes("different_order", 2), misuse,
      "rank 0: collective 1, Broadcast of 1000 float32, root 0; rank 1: collective 1, AllReduce of 1000 float32, sum");
  expect(run_processes("different_messages", 2), misuse,
         "rank 0: message 1, Send of 10 float32 to rank 1; rank 1: message 1, Recv of 20 float32 from rank 0");
}

TEST(Processes, RanksThatWaitInACircleAreTold) {
  expect(run_processes("everyone_sends_first", 3), std::vector<int>(3, kMisuse),
         "rank 2 in Send of 10 float32 to rank 0 waits for rank 0");
}

TEST(Processes, LeavingEarly) {
  expect(run_processes("one_leaves_early", 2), {kRemoteError, kFine},
         "rank 1 has left the communicator, and rank 0 waits for it");
  expect(run_processes("one_exits_without_destroying", 2), {kFine, kFine}, "");
}

TEST(Processes, MemoryFreedBeforeTheStreamComesToIt) {
  const Outcome outcome = run_processes("reads_what_is_freed", 2);
  expect(outcome, {kRemoteError, kInternalError}, "use after free");
}

TEST(Processes, ADeviceThatFails) {
  expect(run_processes("device_fails", 2), {kRemoteError, kInternalError}, "the device of rank 1 has failed");
}

TEST(Processes, LeaveNothingBehind) {
  const auto files = [] {
    const std::filesystem::directory_iterator folder("/dev/shm");
    return std::count_if(begin(folder), end(folder),
                         [](const auto& f) { return f.path().string().find("nccl") != std::string::npos; });
  };
  const auto before = files();
  run_processes("killed_in_the_middle", 2);
  EXPECT_EQ(files(), before);
}
}  // namespace
}  // namespace convoy

int main(int argc, char** argv) {
  if (argc == 6 && !strcmp(argv[1], "rank")) convoy::run_rank(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
