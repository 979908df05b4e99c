// Sends and receives, alone and in groups.
#include <memory>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
std::vector<int32_t> message(int from, int to, size_t count) {
  std::vector<int32_t> result(count);
  for (size_t i = 0; i < count; ++i) result[i] = static_cast<int32_t>(i) * 100 + from * 10 + to;
  return result;
}

TEST(Messages, RingInAGroup) {
  for (const size_t count : {size_t{1}, size_t{400'003}})  // the second is several pieces
    on_ranks(4, [&](Rank& rank) {
      const int right = (rank.rank + 1) % 4, left = (rank.rank + 3) % 4;
      DeviceArray<int32_t> out(message(rank.rank, right, count)), in(count);
      NCCL_OK(ncclGroupStart());
      NCCL_OK(ncclSend(out.data(), count, ncclInt32, right, rank.comm, rank.stream));
      NCCL_OK(ncclRecv(in.data(), count, ncclInt32, left, rank.comm, rank.stream));
      NCCL_OK(ncclGroupEnd());
      rank.synchronize();
      EXPECT_EQ(in.read(), message(left, rank.rank, count));
    });
}

TEST(Messages, EveryoneToEveryoneWithThemselves) {
  constexpr size_t kCount = 1001;
  on_ranks(3, [&](Rank& rank) {
    std::vector<std::unique_ptr<DeviceArray<int32_t>>> in, out;
    NCCL_OK(ncclGroupStart());
    for (int peer = 0; peer < 3; ++peer) {
      out.push_back(std::make_unique<DeviceArray<int32_t>>(message(rank.rank, peer, kCount)));
      in.push_back(std::make_unique<DeviceArray<int32_t>>(kCount));
      NCCL_OK(ncclSend(out[peer]->data(), kCount, ncclInt32, peer, rank.comm, rank.stream));
      NCCL_OK(ncclRecv(in[peer]->data(), kCount, ncclInt32, peer, rank.comm, rank.stream));
    }
    NCCL_OK(ncclGroupEnd());
    rank.synchronize();
    for (int peer = 0; peer < 3; ++peer) EXPECT_EQ(in[peer]->read(), message(peer, rank.rank, kCount));
  });
}

TEST(Messages, OneAfterTheOtherStayInOrder) {
  on_ranks(2, [](Rank& rank) {
    for (size_t k = 1; k <= 20; ++k) {
      DeviceArray<int32_t> data(message(0, static_cast<int>(k), k));
      if (rank.rank == 0)
        NCCL_OK(ncclSend(data.data(), k, ncclInt32, 1, rank.comm, rank.stream));
      else
        NCCL_OK(ncclRecv(data.data(), k, ncclInt32, 0, rank.comm, rank.stream));
      rank.synchronize();
      EXPECT_EQ(data.read(), message(0, static_cast<int>(k), k));
    }
  });
}

// A group may name a peer twice, mix collectives with messages, and use several streams.
TEST(Messages, MixedGroupOnTwoStreams) {
  on_ranks(2, [](Rank& rank) {
    cudaStream_t other;
    CUDA_OK(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    const int peer = 1 - rank.rank;
    DeviceArray<int32_t> sum(std::vector<int32_t>{rank.rank + 1}), out(message(rank.rank, peer, 8)), in(8);
    NCCL_OK(ncclGroupStart());
    NCCL_OK(ncclAllReduce(sum.data(), sum.data(), 1, ncclInt32, ncclSum, rank.comm, other));
    for (const size_t part : {0, 4}) {
      NCCL_OK(ncclSend(out.data() + part, 4, ncclInt32, peer, rank.comm, rank.stream));
      NCCL_OK(ncclRecv(in.data() + part, 4, ncclInt32, peer, rank.comm, rank.stream));
    }
    NCCL_OK(ncclGroupEnd());
    CUDA_OK(cudaStreamSynchronize(other));
    rank.synchronize();
    EXPECT_EQ(sum.read()[0], 3);
    EXPECT_EQ(in.read(), message(peer, rank.rank, 8));
    CUDA_OK(cudaStreamDestroy(other));
  });
}
}  // namespace
}  // namespace convoy
