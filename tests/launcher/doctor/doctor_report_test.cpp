#include "launcher/doctor/doctor_report.h"

#include <gtest/gtest.h>

#include "comm/local/local_communicator.h"

namespace convoy {
namespace {

RankView rank_on(const char* host, int rank, int local_rank, const char* processors, int count) {
  return {rank, local_rank, host, processors, count, 1};
}

TEST(RankProblems, TwoRanksWithOneLocalRankShareAGpu) {
  const auto problems = rank_problems({rank_on("a", 0, 0, "0-1", 2), rank_on("a", 1, 0, "0-1", 2)});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("ranks 0 and 1 both have local rank 0 on host a"), std::string::npos) << problems[0];
}

TEST(RankProblems, LocalRanksOfDifferentHostsMayBeEqual) {
  EXPECT_TRUE(rank_problems({rank_on("a", 0, 0, "0-1", 2), rank_on("b", 1, 0, "0-1", 2)}).empty());
}

TEST(RankHints, MoreRanksThanProcessorsAreTold) {
  const RankView first = rank_on("a", 0, 0, "0", 1), second = rank_on("a", 1, 1, "0", 1);
  ASSERT_EQ(rank_hints({first, second}).size(), 1u);
  EXPECT_NE(rank_hints({first, second})[0].find("2 ranks share 1 processor on host a"), std::string::npos);
  EXPECT_TRUE(rank_hints({first}).empty());
  EXPECT_TRUE(rank_hints({first, rank_on("a", 1, 1, "1", 1)}).empty());
}

TEST(Examine, AMismatchIsAProblem) {
  const auto communicator = make_local_communicator();
  const DoctorReport report = examine(*communicator, "two worlds");
  EXPECT_EQ(report.problems, std::vector<std::string>{"two worlds"});
  EXPECT_NE(report.text.find("problem   two worlds\n"), std::string::npos);
  EXPECT_TRUE(examine(*communicator, "").problems.empty());
}

}  // namespace
}  // namespace convoy
