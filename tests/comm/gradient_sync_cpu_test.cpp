// GradientSync on the CPU device itself: its operators keep the same tree, its streams the same order.
#include <gtest/gtest.h>

#include "comm/local/thread_communicator.h"
#include "kernels/cpu/cpu_device.h"
#include "tests/comm/support/sync_cases.h"

namespace convoy {
namespace {

class GradientSyncOnCpu : public testing::TestWithParam<int> {};
TEST_P(GradientSyncOnCpu, GivesTheBitsOfTheTree) {
  for (const test::SyncCase& test : test::sync_cases(GetParam()))
    on_threads(GetParam(), [&](Communicator& c) { test::expect_tree_sums(c, *cpu::make_cpu_device(1), test); });
}
INSTANTIATE_TEST_SUITE_P(All, GradientSyncOnCpu, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace convoy
