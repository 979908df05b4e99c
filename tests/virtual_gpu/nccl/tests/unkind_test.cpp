// What the unkind mode (VGPU_UNKIND, set by CTest) catches of communicators that do not block: a call's results used
// before ncclCommGetAsyncError has told that it is complete; and that it catches nothing else.
#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
class Unkind : public ::testing::Test {
 protected:
  // One rank, which needs no other to be ready.
  void SetUp() override {
    ncclUniqueId id;
    NCCL_OK(ncclGetUniqueId(&id));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclCommInitRankConfig(&comm_, 1, id, 0, &config);
    ASSERT_EQ(await_state(comm_, ncclInProgress), ncclSuccess);
  }
  void TearDown() override { ncclCommAbort(comm_); }

  ncclResult_t sum() { return ncclAllReduce(x_.data(), x_.data(), 1, ncclInt32, ncclSum, comm_, nullptr); }

  ncclComm_t comm_ = nullptr;
  DeviceArray<int32_t> x_{std::vector<int32_t>{7}};
};

// Calls that follow each other at once: of eight some meet one that is in progress.
TEST_F(Unkind, ACallDuringAnotherIsRefused) {
  int refused = 0;
  for (int call = 0; call < 8; ++call) refused += sum() == ncclInvalidArgument;
  EXPECT_GT(refused, 0);
}

TEST_F(Unkind, CallsThatWaitForEachOtherAreNot) {
  for (int call = 0; call < 8; ++call) {
    const ncclResult_t begun = sum();
    EXPECT_TRUE(begun == ncclSuccess || begun == ncclInProgress) << begun;
    EXPECT_EQ(await_state(comm_, ncclInProgress), ncclSuccess);
  }
  EXPECT_EQ(x_.read()[0], 7);
}

TEST_F(Unkind, ASplitIsNotThereBeforeItIsComplete) {
  ncclComm_t part = comm_;
  EXPECT_EQ(ncclCommSplit(comm_, 0, 0, &part, nullptr), ncclInProgress);
  EXPECT_EQ(part, nullptr);
  int ranks = 0;
  EXPECT_EQ(ncclCommCount(part, &ranks), ncclInvalidArgument);

  ASSERT_EQ(await_state(comm_, ncclInProgress), ncclSuccess);
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(await_state(part, ncclInProgress), ncclSuccess);
  NCCL_OK(ncclCommCount(part, &ranks));
  EXPECT_EQ(ranks, 1);
  ncclCommAbort(part);
}
}  // namespace
}  // namespace convoy
