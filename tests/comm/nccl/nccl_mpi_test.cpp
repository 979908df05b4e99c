// NCCL between processes: runs under mpirun, every test is collective over all ranks.
#include <gtest/gtest.h>

#include "tests/comm/mpi/mpi_world.h"
#include "tests/comm/nccl/gpu_ranks.h"
#include "tests/comm/support/collective_cases.h"
#include "tests/comm/support/sync_cases.h"

namespace convoy {
namespace {

using test::CollectiveCase;
using test::mpi_world;

class NcclOverMpi : public testing::TestWithParam<CollectiveCase> {};
TEST_P(NcclOverMpi, Work) {
  test::GpuRank rank(mpi_world());
  GetParam().body(rank.communicator(), rank.device());
}
INSTANTIATE_TEST_SUITE_P(All, NcclOverMpi, testing::ValuesIn(test::collective_cases()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(NcclOverMpi, GradientSyncGivesTheBitsOfTheTree) {
  test::GpuRank rank(mpi_world());
  for (const test::SyncCase& test : test::sync_cases(mpi_world().size()))
    test::expect_tree_sums(rank.communicator(), rank.device(), test);
}

}  // namespace
}  // namespace convoy
