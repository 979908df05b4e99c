// Collectives among other work in lazy streams: order, progress without the host's help, graphs.
#include <atomic>
#include <barrier>
#include <chrono>
#include <future>
#include <thread>

#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
void sum_bytes(DeviceArray<uint8_t>& data, const Rank& rank, cudaStream_t stream) {
  NCCL_OK(ncclAllReduce(data.data(), data.data(), data.size(), ncclUint8, ncclSum, rank.comm, stream));
}

// A gradient is computed on one stream and reduced on another. Returns what the reduction gives on both ranks.
int reduce_behind_compute(const Rank& rank, bool with_event) {
  Stream compute, communication;
  Event ready;
  DeviceArray<uint8_t> data(std::vector<uint8_t>(64, 0));
  CUDA_OK(cudaMemsetAsync(data.data(), 5, 64, compute.stream));
  if (with_event) {
    CUDA_OK(cudaEventRecord(ready.event, compute.stream));
    CUDA_OK(cudaStreamWaitEvent(communication.stream, ready.event, 0));
  }
  sum_bytes(data, rank, communication.stream);
  CUDA_OK(cudaStreamSynchronize(communication.stream));
  const int result = data.read()[0];
  CUDA_OK(cudaStreamSynchronize(compute.stream));
  return result;
}

TEST(Streams, AMissingEventShows) {
  std::atomic<int> wrong = 0;
  on_ranks(2, [&](Rank& rank) {
    for (int k = 0; k < 30; ++k) EXPECT_EQ(reduce_behind_compute(rank, true), 10);
    for (int k = 0; k < 30; ++k) wrong += reduce_behind_compute(rank, false) != 10;
  });
  EXPECT_GT(wrong, 0);
}

// Two communicators on two streams, used in opposite order by the two ranks: a device would run both at the same time.
TEST(Streams, CommunicatorsDoNotWaitForEachOther) {
  on_ranks(2, [](Rank& rank) {
    ncclComm_t second;
    NCCL_OK(ncclCommSplit(rank.comm, 0, rank.rank, &second, nullptr));
    Rank other = rank;
    other.comm = second;
    Stream a, b;
    for (int k = 0; k < 20; ++k) {
      DeviceArray<uint8_t> x(std::vector<uint8_t>(9, 1)), y(std::vector<uint8_t>(9, 2));
      if (rank.rank == 0) {
        sum_bytes(x, rank, a.stream);
        sum_bytes(y, other, b.stream);
        CUDA_OK(cudaStreamSynchronize(a.stream));
      } else {
        sum_bytes(y, other, b.stream);
        sum_bytes(x, rank, a.stream);
        CUDA_OK(cudaStreamSynchronize(b.stream));
      }
      CUDA_OK(cudaDeviceSynchronize());
      EXPECT_EQ(x.read()[0], 2);
      EXPECT_EQ(y.read()[0], 4);
    }
    NCCL_OK(ncclCommDestroy(second));
  });
}

// The operations of one communicator match in the order of the calls, whatever streams they are on.
TEST(Streams, OneCommunicatorOnTwoStreamsKeepsItsOrder) {
  on_ranks(2, [](Rank& rank) {
    Stream a, b;
    DeviceArray<uint8_t> x(std::vector<uint8_t>(3, 1)), y(std::vector<uint8_t>(4, 2));
    sum_bytes(x, rank, a.stream);
    sum_bytes(y, rank, b.stream);
    CUDA_OK(cudaStreamSynchronize(rank.rank ? a.stream : b.stream));
    CUDA_OK(cudaDeviceSynchronize());
    EXPECT_EQ(x.read()[0], 2);
    EXPECT_EQ(y.read()[0], 4);
  });
}

// Rank 1 has launched its part and waits on the host for rank 0, which needs that part.
TEST(Streams, APartRunsThoughItsHostDoesNotWaitForIt) {
  std::promise<void> done;
  on_ranks(2, [&](Rank& rank) {
    DeviceArray<uint8_t> data(8);
    CUDA_OK(cudaMemsetAsync(data.data(), 1, 8, rank.stream));
    sum_bytes(data, rank, rank.stream);
    if (rank.rank == 0) {
      rank.synchronize();
      done.set_value();
    } else {
      EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
      rank.synchronize();
    }
    EXPECT_EQ(data.read()[0], 2);
  });
}

TEST(Streams, QueriesDoNotBlock) {
  std::promise<void> asked;
  on_ranks(2, [&](Rank& rank) {
    DeviceArray<uint8_t> data(std::vector<uint8_t>(8, 1));
    if (rank.rank == 1) asked.get_future().wait();
    Event event;
    sum_bytes(data, rank, rank.stream);
    CUDA_OK(cudaEventRecord(event.event, rank.stream));
    if (rank.rank == 0) {
      for (int k = 0; k < 20; ++k) {
        EXPECT_EQ(cudaStreamQuery(rank.stream), cudaErrorNotReady);
        EXPECT_EQ(cudaEventQuery(event.event), cudaErrorNotReady);
      }
      asked.set_value();
      while (cudaEventQuery(event.event) == cudaErrorNotReady)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      EXPECT_EQ(cudaStreamQuery(rank.stream), cudaSuccess);
    }
    rank.synchronize();
    EXPECT_EQ(data.read()[0], 2);
  });
}

// data is set to 1, summed over the ranks on another stream, and copied to a second array, as often as it is launched.
cudaGraphExec_t capture(const Rank& rank, DeviceArray<uint8_t>& data, DeviceArray<uint8_t>& copy) {
  Stream communication;
  Event fork, join;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  CUDA_OK(cudaStreamBeginCapture(rank.stream, cudaStreamCaptureModeThreadLocal));
  CUDA_OK(cudaMemsetAsync(data.data(), 1, data.size(), rank.stream));
  CUDA_OK(cudaEventRecord(fork.event, rank.stream));
  CUDA_OK(cudaStreamWaitEvent(communication.stream, fork.event, 0));
  sum_bytes(data, rank, communication.stream);
  sum_bytes(data, rank, communication.stream);
  CUDA_OK(cudaEventRecord(join.event, communication.stream));
  CUDA_OK(cudaStreamWaitEvent(rank.stream, join.event, 0));
  CUDA_OK(cudaMemcpyAsync(copy.data(), data.data(), data.size(), cudaMemcpyDeviceToDevice, rank.stream));
  CUDA_OK(cudaStreamEndCapture(rank.stream, &graph));
  CUDA_OK(cudaGraphInstantiate(&executable, graph, 0));
  CUDA_OK(cudaGraphDestroy(graph));
  return executable;
}

TEST(Streams, AGraphRepeatsItsCollectives) {
  std::barrier barrier(2);  // one captures at a time: meanwhile no thread may allocate or synchronize
  on_ranks(2, [&](Rank& rank) {
    DeviceArray<uint8_t> data(100), copy(100), eager(std::vector<uint8_t>(5, 1));
    cudaGraphExec_t graph = nullptr;
    for (int turn = 0; turn < 2; ++turn) {
      barrier.arrive_and_wait();
      if (turn == rank.rank) graph = capture(rank, data, copy);
    }
    barrier.arrive_and_wait();
    for (int k = 0; k < 3; ++k) {
      CUDA_OK(cudaGraphLaunch(graph, rank.stream));
      sum_bytes(eager, rank, rank.stream);
    }
    rank.synchronize();
    EXPECT_EQ(copy.read()[99], 4);
    EXPECT_EQ(eager.read()[4], 8);
    CUDA_OK(cudaGraphExecDestroy(graph));
  });
}
}  // namespace
}  // namespace convoy
