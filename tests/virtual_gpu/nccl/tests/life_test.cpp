// The life of communicators, and mistakes that the stand-in names where NCCL would hang or read wrong memory.
#include <chrono>
#include <future>
#include <thread>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
::testing::AssertionResult last_error_has(const std::string& words) {
  const std::string message = ncclGetLastError(nullptr);
  if (message.find(words) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "the last error is \"" << message << "\", wanted \"" << words << "\" in it";
}

TEST(Life, TellsVersionAndErrors) {
  int version = 0;
  NCCL_OK(ncclGetVersion(&version));
  EXPECT_EQ(version, NCCL_VERSION_CODE);
  EXPECT_STREQ(ncclGetErrorString(ncclSuccess), "no error");
  EXPECT_STREQ(ncclGetErrorString(ncclRemoteError), "remote process exited or there was a network error");
}

TEST(Life, SplitsByColorAndKey) {
  on_ranks(4, [](Rank& rank) {
    for (int repeat = 0; repeat < 3; ++repeat) {
      ncclComm_t half;
      NCCL_OK(ncclCommSplit(rank.comm, rank.rank % 2, -rank.rank, &half, nullptr));
      int count, user_rank;
      NCCL_OK(ncclCommCount(half, &count));
      NCCL_OK(ncclCommUserRank(half, &user_rank));
      EXPECT_EQ(count, 2);
      EXPECT_EQ(user_rank, rank.rank < 2 ? 1 : 0);  // the key turns the order round
      DeviceArray<int32_t> x(std::vector<int32_t>{1 << rank.rank});
      NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclInt32, ncclSum, half, rank.stream));
      rank.synchronize();
      EXPECT_EQ(x.read()[0], rank.rank % 2 ? 10 : 5);
      NCCL_OK(ncclCommDestroy(half));
    }
  });
}

TEST(Life, WithoutAColorThereIsNoCommunicator) {
  on_ranks(3, [](Rank& rank) {
    for (int left_out = 0; left_out < 3; ++left_out) {
      ncclComm_t rest = rank.comm;
      NCCL_OK(ncclCommSplit(rank.comm, rank.rank == left_out ? NCCL_SPLIT_NOCOLOR : 7, 0, &rest, nullptr));
      EXPECT_EQ(rest == nullptr, rank.rank == left_out);
      if (rest) NCCL_OK(ncclCommDestroy(rest));
    }
  });
}

ncclComm_t begin_without_blocking(int ranks, const ncclUniqueId& id, int rank, int device) {
  CUDA_OK(cudaSetDevice(device));
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  ncclComm_t comm;
  EXPECT_EQ(ncclCommInitRankConfig(&comm, ranks, id, rank, &config), ncclInProgress);
  CUDA_OK(cudaSetDevice(0));
  return comm;
}

// One thread starts both ranks, and polls as a program has to.
TEST(Life, StartsWithoutBlocking) {
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  ncclComm_t comms[2] = {begin_without_blocking(2, id, 0, 0), nullptr};
  ncclResult_t state;
  NCCL_OK(ncclCommGetAsyncError(comms[0], &state));
  EXPECT_EQ(state, ncclInProgress);
  DeviceArray<int32_t> x(std::vector<int32_t>{1});
  CUDA_OK(cudaSetDevice(1));
  DeviceArray<int32_t> y(std::vector<int32_t>{2});
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 1, ncclInt32, ncclSum, comms[0], nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("in progress"));

  comms[1] = begin_without_blocking(2, id, 1, 1);
  for (const ncclComm_t comm : comms) EXPECT_EQ(await_state(comm, ncclInProgress), ncclSuccess);
  NCCL_OK(ncclGroupStart());
  NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclInt32, ncclSum, comms[0], nullptr));
  NCCL_OK(ncclAllReduce(y.data(), y.data(), 1, ncclInt32, ncclSum, comms[1], nullptr));
  EXPECT_EQ(ncclGroupEnd(), ncclInProgress);  // as NCCL, which connects the ranks for their first operation
  for (const ncclComm_t comm : comms) EXPECT_EQ(await_state(comm, ncclInProgress), ncclSuccess);
  EXPECT_EQ(x.read()[0], 3);
  CUDA_OK(cudaSetDevice(1));  // whose legacy stream the copy has to be in
  EXPECT_EQ(y.read()[0], 3);
  CUDA_OK(cudaSetDevice(0));
  for (const ncclComm_t comm : comms) {
    ncclCommFinalize(comm);
    EXPECT_EQ(await_state(comm, ncclInProgress), ncclSuccess);
    NCCL_OK(ncclCommDestroy(comm));
  }
}

TEST(Life, AStartThatNobodyJoinsCanBeAborted) {
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  const ncclComm_t comm = begin_without_blocking(2, id, 0, 0);
  const auto begin = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  ncclResult_t state;
  NCCL_OK(ncclCommGetAsyncError(comm, &state));
  EXPECT_EQ(state, ncclInProgress);
  NCCL_OK(ncclCommAbort(comm));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));

  ncclComm_t late;  // the id is used up: the others are told, and whoever comes later
  EXPECT_EQ(ncclCommInitRank(&late, 2, id, 1), ncclRemoteError);
}

// Starts two ranks that cannot be in one communicator.
void expect_refusal(int ranks_of_first, int ranks_of_second, int second, int device_of_second, const char* words) {
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  const ncclComm_t a = begin_without_blocking(ranks_of_first, id, 0, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the order of the message
  const ncclComm_t b = begin_without_blocking(ranks_of_second, id, second, device_of_second);
  for (const ncclComm_t comm : {a, b}) EXPECT_EQ(await_state(comm, ncclInProgress), ncclInvalidUsage);
  EXPECT_TRUE(last_error_has(words));
  for (const ncclComm_t comm : {a, b}) NCCL_OK(ncclCommAbort(comm));
}

TEST(Life, RanksThatDisagreeAreTold) {
  expect_refusal(2, 3, 1, 1, "rank 0 says there are 2 ranks, rank 1 says 3");
  expect_refusal(2, 2, 0, 1, "both say they are rank 0");
  expect_refusal(2, 2, 1, 0, "ranks 0 and 1 are both on device 0");
}

TEST(Life, ADestroyedCommunicatorIsNoticed) {
  ncclComm_t comm;
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  NCCL_OK(ncclCommInitRank(&comm, 1, id, 0));
  NCCL_OK(ncclCommDestroy(comm));
  DeviceArray<float> x(1);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 1, ncclFloat32, ncclSum, comm, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("ended before, by ncclCommDestroy"));
  EXPECT_EQ(ncclCommDestroy(comm), ncclInvalidArgument);
  int count;
  EXPECT_EQ(ncclCommCount(nullptr, &count), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("is not a communicator"));
}

class Mistakes : public testing::Test {
 protected:
  void SetUp() override {
    ncclUniqueId id;
    NCCL_OK(ncclGetUniqueId(&id));
    NCCL_OK(ncclCommInitRank(&comm_, 1, id, 0));
  }
  void TearDown() override { NCCL_OK(ncclCommDestroy(comm_)); }
  ncclComm_t comm_;
};

TEST_F(Mistakes, BuffersAreCheckedForTheirWholeRange) {
  DeviceArray<float> x(100), y(100);
  std::vector<float> host(100);
  EXPECT_EQ(ncclAllReduce(x.data(), y.data(), 101, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("does not lie in one allocation of at least 404 bytes"));
  EXPECT_EQ(ncclAllReduce(x.data() + 1, y.data(), 100, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_EQ(ncclAllReduce(host.data(), y.data(), 100, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_EQ(ncclAllReduce(nullptr, y.data(), 100, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("is null"));
  auto* odd = reinterpret_cast<char*>(x.data()) + 2;
  EXPECT_EQ(ncclAllReduce(odd, y.data(), 10, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("not aligned"));
}

TEST_F(Mistakes, BuffersAndStreamsBelongToTheDevice) {
  CUDA_OK(cudaSetDevice(1));
  DeviceArray<float> x(4);
  Stream other;
  CUDA_OK(cudaSetDevice(0));
  DeviceArray<float> y(4);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 4, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("lies on device 1, the communicator's device is 0"));
  EXPECT_EQ(ncclAllReduce(y.data(), y.data(), 4, ncclFloat32, ncclSum, comm_, other.stream), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("the stream belongs to device 1"));
}

TEST_F(Mistakes, OverlapIsAllowedInPlaceOnly) {
  DeviceArray<float> x(100);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data() + 1, 50, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("in place it has to be recvbuff == sendbuff"));
  EXPECT_EQ(ncclAllGather(x.data() + 5, x.data(), 10, ncclFloat32, comm_, nullptr), ncclInvalidArgument);
  EXPECT_EQ(ncclReduceScatter(x.data(), x.data() + 5, 10, ncclFloat32, ncclSum, comm_, nullptr), ncclInvalidArgument);
  NCCL_OK(ncclAllReduce(x.data(), x.data() + 50, 50, ncclFloat32, ncclSum, comm_, nullptr));
}

TEST_F(Mistakes, InAGroupNobodyWritesWhereAnotherReads) {
  DeviceArray<float> x(100), y(100);
  NCCL_OK(ncclGroupStart());
  NCCL_OK(ncclAllReduce(x.data(), y.data(), 100, ncclFloat32, ncclSum, comm_, nullptr));
  NCCL_OK(ncclAllReduce(y.data() + 99, x.data() + 99, 1, ncclFloat32, ncclSum, comm_, nullptr));
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidUsage);
  EXPECT_TRUE(last_error_has("run at the same time"));
}

TEST_F(Mistakes, GroupsAreBalancedAndFailAsAWhole) {
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidUsage);
  DeviceArray<float> x(std::vector<float>{7});
  ncclRedOp_t op;
  const float scale = 3;
  NCCL_OK(ncclRedOpCreatePreMulSum(&op, const_cast<float*>(&scale), ncclFloat32, ncclScalarHostImmediate, comm_));
  NCCL_OK(ncclGroupStart());
  NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclFloat32, op, comm_, nullptr));
  EXPECT_EQ(ncclSend(x.data(), 1, ncclFloat32, 5, comm_, nullptr), ncclInvalidArgument);
  EXPECT_TRUE(last_error_has("5 is not a rank"));
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidArgument);
  EXPECT_EQ(x.read()[0], 7);  // nothing of the group was done
  NCCL_OK(ncclAllReduce(x.data(), x.data(), 1, ncclFloat32, op, comm_, nullptr));
  EXPECT_EQ(x.read()[0], 21);
}

TEST_F(Mistakes, ValuesOutsideTheEnumerations) {
  DeviceArray<float> x(1);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 1, static_cast<ncclDataType_t>(99), ncclSum, comm_, nullptr),
            ncclInvalidArgument);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 1, ncclFloat32, static_cast<ncclRedOp_t>(77), comm_, nullptr),
            ncclInvalidArgument);
  EXPECT_EQ(ncclBroadcast(x.data(), x.data(), 1, ncclFloat32, 1, comm_, nullptr), ncclInvalidArgument);
  EXPECT_EQ(ncclAllReduce(x.data(), x.data(), 1, ncclFloat8e4m3, ncclSum, comm_, nullptr), ncclInvalidArgument);
}

TEST_F(Mistakes, RegisteredMemory) {
  void *data, *handle;
  ncclWindow_t window;
  NCCL_OK(ncclMemAlloc(&data, 8192));
  NCCL_OK(ncclCommRegister(comm_, data, 8192, &handle));
  NCCL_OK(ncclCommDeregister(comm_, handle));
  EXPECT_EQ(ncclCommDeregister(comm_, handle), ncclInvalidArgument);
  EXPECT_EQ(ncclCommRegister(comm_, data, 8193, &handle), ncclInvalidArgument);
  NCCL_OK(ncclCommWindowRegister(comm_, data, 8192, &window, NCCL_WIN_COLL_SYMMETRIC));
  NCCL_OK(ncclCommWindowDeregister(comm_, window));
  NCCL_OK(ncclMemFree(data));
}
}  // namespace
}  // namespace convoy
