#include "launcher/device_choice.h"

#include <gtest/gtest.h>

#include "comm/local/local_communicator.h"
#include "core/base/error.h"
#include "launcher/cuda_support.h"

namespace convoy {
namespace {

TEST(ThreadShare, AloneARankHasAllItMayUse) { EXPECT_EQ(thread_share({0, 1, 2, 3}, {}), 4); }

TEST(ThreadShare, BoundRanksHaveTheirOwn) { EXPECT_EQ(thread_share({0, 1}, {{2, 3}, {4, 5}}), 2); }

TEST(ThreadShare, UnboundRanksShareEvenly) {
  const std::vector<int> all{0, 1, 2, 3, 4, 5};
  EXPECT_EQ(thread_share(all, {all}), 3);
  EXPECT_EQ(thread_share(all, {all, all}), 2);
  EXPECT_EQ(thread_share(all, {all, all, all}), 1);
}

TEST(ThreadShare, ThereIsAlwaysOne) { EXPECT_EQ(thread_share({0}, {{0}, {0}}), 1); }

TEST(ThreadShare, PartsThatOverlapAreSharedAlone) { EXPECT_EQ(thread_share({0, 1, 2, 3}, {{2, 3, 4, 5}}), 3); }

TEST(ThreadsPerRank, TheConfigWins) {
  const auto communicator = make_local_communicator();
  Config config;
  EXPECT_EQ(threads_per_rank(config, *communicator), static_cast<int>(usable_processors().size()));
  config.parallel.threads.value = 3;
  EXPECT_EQ(threads_per_rank(config, *communicator), 3);
}

TEST(ProcessorRanges, AreShort) {
  EXPECT_EQ(processor_ranges({0, 1, 2, 3, 8}), "0-3,8");
  EXPECT_EQ(processor_ranges({5}), "5");
  EXPECT_EQ(processor_ranges({}), "");
}

TEST(ChooseDevice, CudaIsRefusedWithTheRemedy) {
  EXPECT_EQ(choose_device(DeviceChoice::cpu), DeviceKind::cpu);
  if (cuda_support().devices > 0) GTEST_SKIP() << "there is a CUDA device";
  EXPECT_EQ(choose_device(DeviceChoice::automatic), DeviceKind::cpu);
  try {
    choose_device(DeviceChoice::cuda);
    FAIL() << "cuda was accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("write device: cpu, or auto"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace convoy
