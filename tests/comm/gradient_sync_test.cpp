#include "comm/gradient_sync.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "comm/local/local_communicator.h"
#include "comm/local/thread_communicator.h"
#include "tests/comm/support/gate_communicator.h"
#include "tests/comm/support/plain_device.h"
#include "tests/comm/support/sync_cases.h"

namespace convoy {
namespace {

using namespace std::chrono_literals;

// If the order did not show in these gradients, the tests below could not fail.
TEST(GradientSync, TestGradientsTellOrdersApart) {
  int different = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    float in_order = 0;
    for (int64_t v = 0; v < 4; ++v) in_order += test::leaf_gradient(0, v, i);
    if (in_order != test::plain_tree(0, 0, 4, i, DType::f32)) ++different;
  }
  EXPECT_GT(different, 100);
}

class GradientSyncRanks : public testing::TestWithParam<int> {};

// Equal to the plain tree for every rank count means equal to each other.
TEST_P(GradientSyncRanks, GivesTheBitsOfTheTree) {
  for (const test::SyncCase& test : test::sync_cases(GetParam()))
    on_threads(GetParam(), [&](Communicator& c) { test::expect_tree_sums(c, *test::make_plain_device(), test); });
}
INSTANTIATE_TEST_SUITE_P(All, GradientSyncRanks, testing::Values(1, 2, 3, 4, 8));

// Neighbouring subtrees join first: levels change who adds what, never the tree.
class GradientSyncLevels : public testing::TestWithParam<std::vector<int>> {};

TEST_P(GradientSyncLevels, GiveTheBitsOfTheTree) {
  const Levels levels(GetParam());
  for (test::SyncCase test : test::sync_cases(levels.ranks())) {
    if (test.bucket_bytes != 3000) continue;
    test.levels = levels;
    on_threads(levels.ranks(), [&](Communicator& c) { test::expect_tree_sums(c, *test::make_plain_device(), test); });
  }
}
INSTANTIATE_TEST_SUITE_P(All, GradientSyncLevels,
                         testing::Values(std::vector{2, 2}, std::vector{2, 3}, std::vector{4, 2}, std::vector{2, 2, 2},
                                         std::vector{4, 3}, std::vector{2, 2, 2, 3}, std::vector{4, 4}));

// A rank's parts of a GradientSync, over a communicator given by the test.
struct Rank {
  explicit Rank(Communicator& communicator, int64_t virtual_ranks, bool reproducible = true, int64_t elements = 4096)
      : memory(device->allocate(static_cast<size_t>(elements) * sizeof(float))),
        gradients{memory.data(), DType::f32, {elements}},
        both(*device, *compute, *communication, communicator),
        sync(make_gradient_sync({.gradients = gradients,
                                 .buckets = test::buckets_in(gradients, 4096, communicator.size()),
                                 .ranks = communicator.size(),
                                 .virtual_ranks = virtual_ranks,
                                 .reproducible = reproducible},
                                both)) {}

  std::unique_ptr<Device> device = test::make_plain_device();
  std::unique_ptr<Stream> compute = device->make_stream(StreamKind::compute);
  std::unique_ptr<Stream> communication = device->make_stream(StreamKind::communication);
  Memory memory;
  Tensor gradients;
  Communication both;
  std::unique_ptr<GradientSync> sync;
};

TEST(GradientSync, WithoutReproducibilityAddsInPlaceAndTakesNoMemory) {
  on_threads(3, [](Communicator& c) {
    Rank rank(c, 6, false);
    EXPECT_EQ(rank.device->allocated_bytes(MemoryKind::device), rank.gradients.bytes());
    for (int step = 0; step < 2; ++step) {
      for (int v = 0; v < 2; ++v) {
        rank.sync->begin(step);
        for (int64_t i = 0; i < 4096; ++i) rank.gradients.as<float>()[i] += static_cast<float>(c.rank() + v + i % 7);
        rank.sync->ready(0, 4096);
        rank.sync->end();
      }
      rank.sync->finish();
      rank.compute->synchronize();
      for (int64_t i = 0; i < 4096; ++i) ASSERT_EQ(rank.gradients.as<float>()[i], static_cast<float>(9 + 6 * (i % 7)));
    }
  });
}

TEST(GradientSync, OneVirtualRankOfOneRankIsLeftAlone) {
  const auto alone = make_local_communicator();
  Rank rank(*alone, 1);
  EXPECT_TRUE(rank.sync->cuts().empty()) << "a rank alone sends nothing that could be ready early";
  rank.sync->begin(0);
  for (int64_t i = 0; i < 4096; ++i) rank.gradients.as<float>()[i] = static_cast<float>(i);
  rank.sync->ready(0, 4096);
  rank.sync->end();
  rank.sync->finish();
  for (int64_t i = 0; i < 4096; ++i) ASSERT_EQ(rank.gradients.as<float>()[i], static_cast<float>(i));
  EXPECT_EQ(rank.both.take_exposed_ms(), 0);
  EXPECT_EQ(rank.device->allocated_bytes(MemoryKind::device), rank.gradients.bytes());
}

// The first bucket is on its way, and stuck there, before backward has produced the others.
TEST(GradientSync, ReducesWhileBackwardGoesOn) {
  test::GateCommunicator gate;
  Rank rank(gate, 2);
  EXPECT_FALSE(rank.sync->cuts().empty());
  rank.sync->begin(0);
  rank.sync->ready(3072, 4096);
  gate.await_first();
  rank.sync->ready(0, 3072);
  rank.sync->end();
  std::thread opener([&] {
    std::this_thread::sleep_for(60ms);
    gate.open();
  });
  rank.sync->finish();
  opener.join();
  const double exposed_ms = rank.both.take_exposed_ms();
  EXPECT_GE(exposed_ms, 30);
  EXPECT_LT(exposed_ms, 10000);
}

TEST(GradientSync, AFailedReductionComesOutOfFinish) {
  test::GateCommunicator gate;
  Rank rank(gate, 2);
  rank.sync->begin(0);
  rank.sync->ready(0, 4096);
  rank.sync->end();
  gate.break_down();
  EXPECT_THROW(rank.sync->finish(), InternalError);
}

// Between collectives backward throws: the job ends instead of waiting for ranks that wait for this one.
TEST(GradientSyncDeathTest, AnExceptionInTheMiddleOfAStepEndsTheJob) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto body = [](Communicator& c) {
    Rank rank(c, 2);
    rank.sync->begin(5);
    rank.sync->ready(2048, 4096);
    if (c.rank() == 1) throw InternalError("backward failed");
    rank.sync->ready(0, 2048);
    rank.sync->end();
    rank.sync->finish();
  };
  EXPECT_EXIT(on_threads(2, body), testing::ExitedWithCode(70), "rank 1 on .*step 5 with reductions in flight");
}

TEST(GradientSync, RefusesCallsOutOfOrder) {
  const auto alone = make_local_communicator();
  Rank rank(*alone, 2);
  EXPECT_THROW(rank.sync->ready(0, 4096), InternalError);
  EXPECT_THROW(rank.sync->finish(), InternalError);
  rank.sync->begin(0);
  EXPECT_THROW(rank.sync->begin(0), InternalError);
  EXPECT_THROW(rank.sync->ready(0, 4095), InternalError);
  rank.sync->ready(64, 4096);
  EXPECT_THROW(rank.sync->ready(64, 4096), InternalError);
  EXPECT_THROW(rank.sync->end(), InternalError);
  rank.sync->ready(0, 64);
  rank.sync->end();
  EXPECT_THROW(rank.sync->finish(), InternalError);  // one of two virtual ranks
}

TEST(GradientSync, RefusesLayoutsThatCannotBe) {
  const GradientSyncPlan good{.buckets = {{0, 100, {nullptr, DType::f32, {100}}, {}}}, .ranks = 2, .virtual_ranks = 4};
  EXPECT_GT(gradient_sync_cost(good).memory_bytes, 0u);
  const auto refused = [&](auto change) {
    GradientSyncPlan plan = good;
    change(plan);
    EXPECT_THROW(gradient_sync_cost(plan), ConfigError);
  };
  refused([](GradientSyncPlan& p) { p.virtual_ranks = 6; });
  refused([](GradientSyncPlan& p) { p.virtual_ranks = 1; });
  refused([](GradientSyncPlan& p) { p.virtual_ranks = 3, p.reproducible = false; });
  refused([](GradientSyncPlan& p) { p.wire = DType::i32; });
}

}  // namespace
}  // namespace convoy
