// GradientSync on CUDA devices: the bits of the tree, which are those of the CPU (tests/comm/gradient_sync_test.cpp).
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "comm/gradient_sync.h"
#include "tests/comm/nccl/gpu_ranks.h"
#include "tests/comm/support/sync_cases.h"

namespace convoy {
namespace {

using namespace std::chrono_literals;

class GradientSyncOnGpus : public testing::TestWithParam<int> {};
TEST_P(GradientSyncOnGpus, GivesTheBitsOfTheTree) {
  const std::vector<test::SyncCase> cases = test::sync_cases(GetParam());
  test::on_gpus(GetParam(), [&](Communicator& c, Device& device) {
    for (const test::SyncCase& test : cases) test::expect_tree_sums(c, device, test);
  });
}
INSTANTIATE_TEST_SUITE_P(All, GradientSyncOnGpus, testing::Values(1, 2, 4));

// Rank 1 comes late with its last bucket: rank 0 stands still meanwhile, and it alone.
TEST(GradientSync, MeasuresOnGpusHowLongComputeStoodStill) {
  test::on_gpus(2, [](Communicator& c, Device& device) {
    const auto compute = device.make_stream(StreamKind::compute);
    const auto communication = device.make_stream(StreamKind::communication);
    const Memory memory = device.allocate(4096 * sizeof(float));
    const Tensor gradients{memory.data(), DType::f32, {4096}};
    Communication both(device, *compute, *communication, c);
    const auto sync = make_gradient_sync(
        {.gradients = gradients, .buckets = test::buckets_in(gradients, 8192, 2), .ranks = 2, .virtual_ranks = 2},
        both);
    for (int step = 0; step < 2; ++step) {
      c.barrier_host();
      const bool late = step == 1 && c.rank() == 1;
      sync->begin(step);
      sync->ready(2048, 4096);
      if (late) std::this_thread::sleep_for(400ms);
      sync->ready(0, 2048);
      sync->end();
      sync->finish();
      compute->synchronize();
      const double exposed_ms = both.take_exposed_ms();
      if (step == 0) continue;
      if (late)
        EXPECT_LT(exposed_ms, 200);
      else
        EXPECT_GT(exposed_ms, 200);
      EXPECT_LT(exposed_ms, 5000);
    }
  });
}

// The communication stream still works on its buffers when they are let go.
TEST(GradientSync, MayGoWhileItsLastSumsAreUnderWay) {
  test::on_gpus(2, [](Communicator& c, Device& device) {
    const auto compute = device.make_stream(StreamKind::compute);
    const auto communication = device.make_stream(StreamKind::communication);
    const Memory memory = device.allocate(4096 * sizeof(float));
    const Tensor gradients{memory.data(), DType::f32, {4096}};
    Communication both(device, *compute, *communication, c);
    const auto sync = make_gradient_sync(
        {.gradients = gradients, .buckets = test::buckets_in(gradients, 8192, 2), .ranks = 2, .virtual_ranks = 2},
        both);
    sync->begin(0);
    sync->ready(0, 4096);
    sync->end();
    sync->finish();
  });
}

}  // namespace
}  // namespace convoy
