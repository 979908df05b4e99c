#include "tests/virtual_gpu/nccl/tests/ranks.h"

#include <chrono>
#include <thread>

namespace convoy {
void check_cuda(cudaError_t error, const char* call) {
  if (error) throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(error));
}

void check_nccl(ncclResult_t result, const char* call) {
  if (result)
    throw NcclError(result, std::string(call) + ": " + ncclGetErrorString(result) + ": " + ncclGetLastError(nullptr));
}

namespace {
void run_rank(Rank& rank, const ncclUniqueId& id, const std::function<void(Rank&)>& body, bool abort) {
  CUDA_OK(cudaSetDevice(rank.rank));
  NCCL_OK(ncclCommInitRank(&rank.comm, rank.ranks, id, rank.rank));
  CUDA_OK(cudaStreamCreateWithFlags(&rank.stream, cudaStreamNonBlocking));
  body(rank);
  if (abort)
    NCCL_OK(ncclCommAbort(rank.comm));
  else
    NCCL_OK(ncclCommDestroy(rank.comm));
  CUDA_OK(cudaStreamDestroy(rank.stream));
}
}  // namespace

void on_ranks(int ranks, const std::function<void(Rank&)>& body, bool abort) {
  ncclUniqueId id;
  NCCL_OK(ncclGetUniqueId(&id));
  std::vector<std::thread> threads;
  for (int r = 0; r < ranks; ++r)
    threads.emplace_back([&, r] {
      Rank rank{r, ranks, nullptr, nullptr};
      try {
        run_rank(rank, id, body, abort);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << r << " of " << ranks << ": " << error.what();
        if (rank.comm) ncclCommAbort(rank.comm);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

ncclResult_t await_state(ncclComm_t comm, ncclResult_t while_it_is) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  ncclResult_t state = while_it_is;
  while (state == while_it_is && std::chrono::steady_clock::now() < end) {
    NCCL_OK(ncclCommGetAsyncError(comm, &state));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return state;
}
}  // namespace convoy
