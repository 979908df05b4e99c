// Ranks that are threads of one process with a GPU each. The host operations are those of the thread communicator.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "comm/local/local_communicator.h"
#include "comm/local/thread_communicator.h"
#include "comm/make_communicator.h"
#include "comm/nccl/nccl_communicator.h"
#include "kernels/cuda/cuda_device.h"
#include "tests/comm/nccl/gpu_ranks.h"
#include "tests/comm/support/collective_cases.h"
#include "tests/comm/support/plain_stream.h"

namespace convoy {
namespace {

using test::CollectiveCase;

class LocalCollectivesOnGpu : public testing::TestWithParam<CollectiveCase> {};
TEST_P(LocalCollectivesOnGpu, Work) { GetParam().body(*make_local_communicator(), *cuda::make_cuda_device({})); }
INSTANTIATE_TEST_SUITE_P(All, LocalCollectivesOnGpu, testing::ValuesIn(test::collective_cases()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

using GpuCase = std::tuple<int, CollectiveCase>;  // ranks, and what they do

class NcclCollectives : public testing::TestWithParam<GpuCase> {};
TEST_P(NcclCollectives, Work) {
  const auto& [ranks, test] = GetParam();
  test::on_gpus(ranks, test.body);
}
INSTANTIATE_TEST_SUITE_P(All, NcclCollectives,
                         testing::Combine(testing::Values(2, 3, 4), testing::ValuesIn(test::collective_cases())),
                         [](const testing::TestParamInfo<GpuCase>& parameter) {
                           return std::string(std::get<1>(parameter.param).name) + "On" +
                                  std::to_string(std::get<0>(parameter.param));
                         });

TEST(DeviceCommunicator, IsTheHostsOwnOnTheCpuAndForOneRank) {
  const auto alone = make_local_communicator();
  EXPECT_EQ(make_device_communicator(*alone, {.device = DeviceKind::cuda}), nullptr);
  on_threads(2, [](Communicator& host) { EXPECT_EQ(make_device_communicator(host, {}), nullptr); });
}

TEST(DeviceCommunicator, RefusesTwoRanksOnOneGpu) {
  on_threads(3, [](Communicator& host) {
    try {
      make_device_communicator(host, {.device = DeviceKind::cuda, .cuda_ordinal = host.rank() / 2});
      FAIL() << "accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(std::string(error.what()).find("ranks 0 and 1 use the same GPU of "), 0u) << error.what();
    }
  });
}

TEST(HostCommunicator, RefusesCudaStreams) {
  const auto device = cuda::make_cuda_device({});
  const auto stream = device->make_stream(StreamKind::communication);
  const Memory memory = device->allocate(4);
  on_threads(2, [&](Communicator& host) {
    EXPECT_THROW(host.all_reduce(*stream, {memory.data(), DType::f32, {1}}), InternalError);
  });
}

TEST(NcclCommunicator, RefusesStreamsOfTheCpu) {
  test::on_gpus(2, [](Communicator& c, Device&) {
    const auto plain = test::make_plain_stream(StreamKind::communication);
    float x = 1;
    EXPECT_THROW(c.all_reduce(*plain, {&x, DType::f32, {1}}), InternalError);
  });
}

TEST(NcclCommunicator, RegistersMemoryForAsLongAsItIsWanted) {
  test::on_gpus(2, [](Communicator& c, Device& device) {
    const auto stream = device.make_stream(StreamKind::communication);
    const Memory memory = device.allocate(4096);
    stream->zero(memory.data(), memory.bytes());
    for (int repeat = 0; repeat < 2; ++repeat) {
      const auto registered = c.register_memory(memory.data(), memory.bytes());
      EXPECT_NE(registered, nullptr);
      c.all_reduce(*stream, {memory.data(), DType::f32, {1024}});
      stream->synchronize();
    }
  });
}

TEST(NcclCommunicator, TellsTheVersionOfNccl) { EXPECT_EQ(nccl::nccl_library_version().rfind("NCCL 2.", 0), 0u); }

}  // namespace
}  // namespace convoy
