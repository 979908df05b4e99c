// Runs under mpirun: every test is collective over all ranks.
#include "comm/mpi/mpi_communicator.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "comm/reduction_tree.h"
#include "tests/comm/mpi/mpi_world.h"
#include "tests/comm/support/collective_cases.h"
#include "tests/comm/support/plain_device.h"
#include "tests/comm/support/sync_cases.h"

namespace convoy {
namespace {

using test::CollectiveCase;
using test::mpi_world;

class MpiCollectives : public testing::TestWithParam<CollectiveCase> {};
TEST_P(MpiCollectives, Work) { GetParam().body(mpi_world(), *test::make_plain_device()); }
INSTANTIATE_TEST_SUITE_P(All, MpiCollectives, testing::ValuesIn(test::collective_cases()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(MpiCommunicator, HasAsManyRanksAsWereStarted) {
  const char* started = std::getenv("OMPI_COMM_WORLD_SIZE");
  ASSERT_NE(started, nullptr);
  EXPECT_EQ(mpi_world().size(), std::atoi(started));
}

TEST(MpiCommunicator, GradientSyncGivesTheBitsOfTheTree) {
  for (const test::SyncCase& test : test::sync_cases(mpi_world().size()))
    test::expect_tree_sums(mpi_world(), *test::make_plain_device(), test);
}

TEST(MpiCommunicator, ReproducibleSumIsTheTreeOverAllRanks) {
  const double rank = mpi_world().rank();
  const std::vector<double> mine = {1 / (rank + 1), 1e9 * rank};
  std::vector<double> all;
  for (int r = 0; r < mpi_world().size(); ++r) all.insert(all.end(), {1.0 / (r + 1), 1e9 * r});
  EXPECT_EQ(reproducible_sum(mpi_world(), mine), tree_sum(all));
}

}  // namespace
}  // namespace convoy
