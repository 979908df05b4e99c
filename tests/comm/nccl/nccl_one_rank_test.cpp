// NCCL with one rank, which needs one GPU alone: a communicator that does not block, every collective, a split,
// registered memory, finalize and abort. A trainer of one rank never touches NCCL, so this is what a machine with one
// GPU says about it.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <vector>

#include "comm/nccl/nccl_check.h"
#include "comm/nccl/nccl_group.h"

namespace convoy::nccl {
namespace {

constexpr size_t kCount = 1 << 16;
constexpr double kPatience_s = 60;

// Two arrays on the device, the first with numbers, the second with zeros; and a stream.
class OneRank : public ::testing::Test {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU";
    CUDA_CHECK(cudaSetDevice(0));
    CUDA_CHECK(cudaStreamCreate(&stream_));
    CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&from_), kBytes));
    CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&to_), kBytes));
    std::iota(numbers_.begin(), numbers_.end(), 1.0f);
    CUDA_CHECK(cudaMemcpy(from_, numbers_.data(), kBytes, cudaMemcpyHostToDevice));
    clear();
  }
  void TearDown() override {
    if (from_ == nullptr) return;
    CUDA_CHECK(cudaFree(from_));
    CUDA_CHECK(cudaFree(to_));
    CUDA_CHECK(cudaStreamDestroy(stream_));
  }

  void clear() { CUDA_CHECK(cudaMemset(to_, 0, kBytes)); }
  // One rank's sum, part and whole are its own numbers.
  void expect_numbers(const char* what) {
    CUDA_CHECK(cudaStreamSynchronize(stream_));
    std::vector<float> found(kCount);
    CUDA_CHECK(cudaMemcpy(found.data(), to_, kBytes, cudaMemcpyDeviceToHost));
    EXPECT_EQ(found, numbers_) << what;
    clear();
  }
  void expect_launched(NcclGroup& group, const std::function<void(ncclComm_t)>& enqueue) {
    EXPECT_TRUE(group.launch(enqueue, Deadline(kPatience_s)));
  }

  static NcclGroup::Place place() { return {.rank = 0, .size = 1, .device = 0}; }
  void connect(std::optional<NcclGroup>& group) {
    ncclUniqueId id{};
    NCCL_CHECK(ncclGetUniqueId(&id));
    group.emplace(std::vector{id}, place());
    ASSERT_EQ(group->settle(Deadline(kPatience_s)), ncclSuccess);
  }
  void try_collectives(NcclGroup& group) {
    expect_launched(
        group, [&](ncclComm_t c) { NCCL_CHECK(ncclAllReduce(from_, to_, kCount, ncclFloat32, ncclSum, c, stream_)); });
    expect_numbers("all-reduce");
    expect_launched(group, [&](ncclComm_t c) {
      NCCL_CHECK(ncclReduceScatter(from_, to_, kCount, ncclFloat32, ncclSum, c, stream_));
    });
    expect_numbers("reduce-scatter");
    expect_launched(group,
                    [&](ncclComm_t c) { NCCL_CHECK(ncclAllGather(from_, to_, kCount, ncclFloat32, c, stream_)); });
    expect_numbers("all-gather");
    expect_launched(group,
                    [&](ncclComm_t c) { NCCL_CHECK(ncclBroadcast(from_, to_, kCount, ncclFloat32, 0, c, stream_)); });
    expect_numbers("broadcast");
    expect_launched(group, [&](ncclComm_t c) {  // what all-to-all is made of
      NCCL_CHECK(ncclSend(from_, kCount, ncclFloat32, 0, c, stream_));
      NCCL_CHECK(ncclRecv(to_, kCount, ncclFloat32, 0, c, stream_));
    });
    expect_numbers("send and receive");
  }

  static constexpr size_t kBytes = kCount * sizeof(float);
  cudaStream_t stream_ = nullptr;
  float *from_ = nullptr, *to_ = nullptr;
  std::vector<float> numbers_ = std::vector<float>(kCount);
};

TEST_F(OneRank, EveryCollectiveAlsoOfASplit) {
  std::optional<NcclGroup> whole;
  connect(whole);
  try_collectives(*whole);
  {
    NcclGroup part(*whole, 0, place());
    ASSERT_EQ(whole->settle(Deadline(kPatience_s)), ncclSuccess);
    ASSERT_EQ(part.settle(Deadline(kPatience_s)), ncclSuccess);
    try_collectives(part);
  }
  try_collectives(*whole);
  EXPECT_FALSE(whole->failure());
}

TEST_F(OneRank, MemoryIsRegistered) {
  std::optional<NcclGroup> group;
  connect(group);
  void* handle = group->register_memory(from_, kBytes);
  try_collectives(*group);
  group->deregister_memory(handle);
}

TEST_F(OneRank, AnAbortLeavesTheDeviceWell) {
  std::optional<NcclGroup> group;
  connect(group);
  try_collectives(*group);
  group->abort();
  group.reset();
  CUDA_CHECK(cudaMemcpy(to_, from_, kBytes, cudaMemcpyDeviceToDevice));
  expect_numbers("a copy after the abort");
}

// A part that goes before its split is done: NCCL may write its communicator afterwards.
TEST_F(OneRank, APartMayGoBeforeItsSplitIsDone) {
  std::optional<NcclGroup> whole;
  connect(whole);
  { const NcclGroup part(*whole, 0, place()); }
  EXPECT_EQ(whole->settle(Deadline(kPatience_s)), ncclSuccess);
  try_collectives(*whole);
}

}  // namespace
}  // namespace convoy::nccl
