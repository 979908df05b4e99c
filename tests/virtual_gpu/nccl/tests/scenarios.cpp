// What a rank does in a process of its own, by the name of the scenario.
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <thread>

#include "tests/virtual_gpu/nccl/tests/processes.h"
#include "tests/virtual_gpu/nccl/tests/ranks.h"

namespace convoy {
namespace {
using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Process : Rank {
  DeviceArray<float> data{std::vector<float>(1000, 1)};
  void all_reduce(size_t count = 1000, ncclRedOp_t op = ncclSum) {
    NCCL_OK(ncclAllReduce(data.data(), data.data(), count, ncclFloat32, op, comm, stream));
  }
};

int status_of(ncclResult_t state) {
  return state == ncclRemoteError ? kRemoteError : state == ncclInvalidUsage ? kMisuse : state ? kInternalError : kFine;
}

// As a program's watchdog does: waits for the stream without blocking, then aborts. Says what ended it.
int watch(Process& p, milliseconds patience = milliseconds(20000)) {
  const auto deadline = steady_clock::now() + patience;
  ncclResult_t state = ncclSuccess;
  bool late = false;
  while (!state && !late && cudaStreamQuery(p.stream) == cudaErrorNotReady) {
    NCCL_OK(ncclCommGetAsyncError(p.comm, &state));
    std::this_thread::sleep_for(milliseconds(2));
    late = steady_clock::now() > deadline;
  }
  if (!state && !late) NCCL_OK(ncclCommGetAsyncError(p.comm, &state));
  if (state) state = await_state(p.comm, ncclSuccess);
  if (state || late) NCCL_OK(ncclCommAbort(p.comm));
  return state ? status_of(state) : late ? kTimedOut : kFine;
}

int ten_sums(Process& p) {
  for (int k = 0; k < 10; ++k) p.all_reduce(1000, ncclAvg);
  p.all_reduce();
  if (const int status = watch(p)) return status;
  if (p.data.read()[999] != static_cast<float>(p.ranks)) return kWrong;
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

// Two communicators on two streams: the ranks enqueue in the same order, and their devices run in different ones.
int two_communicators(Process& p) {
  ncclComm_t second;
  NCCL_OK(ncclCommSplit(p.comm, 0, p.rank, &second, nullptr));
  DeviceArray<float> other(std::vector<float>(300'000, 1));
  Stream stream;
  for (int k = 0; k < 20; ++k) {
    p.all_reduce(1000, ncclAvg);
    NCCL_OK(ncclAllReduce(other.data(), other.data(), other.size(), ncclFloat32, ncclMax, second, stream.stream));
    if (k % 7 == p.rank) CUDA_OK(cudaStreamSynchronize(p.rank % 2 ? stream.stream : p.stream));
  }
  CUDA_OK(cudaDeviceSynchronize());
  if (p.data.read()[0] != 1 || other.read()[299'999] != 1) return kWrong;
  NCCL_OK(ncclCommDestroy(second));
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

int killed_in_the_middle(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) kill(getpid(), SIGKILL);
  p.all_reduce();
  return watch(p);
}

int killed_while_all_are_idle(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) kill(getpid(), SIGKILL);
  const int status = status_of(await_state(p.comm, ncclSuccess));
  NCCL_OK(ncclCommAbort(p.comm));
  return status;
}

int impatient(Process& p) {
  p.all_reduce();
  p.all_reduce();
  return watch(p, milliseconds(p.rank == 0 ? 500 : 20000));
}

int different_counts(Process& p) {
  p.all_reduce(p.rank == 1 ? 999 : 1000);
  return watch(p);
}

int different_operations(Process& p) {
  p.all_reduce(1000, p.rank == 1 ? ncclMax : ncclSum);
  return watch(p);
}

int different_order(Process& p) {
  for (const int k : {0, 1})
    if ((k + p.rank) % 2)
      p.all_reduce();
    else
      NCCL_OK(ncclBcast(p.data.data(), 1000, ncclFloat32, 0, p.comm, p.stream));
  return watch(p);
}

int everyone_sends_first(Process& p) {
  const int right = (p.rank + 1) % p.ranks, left = (p.rank + p.ranks - 1) % p.ranks;
  NCCL_OK(ncclSend(p.data.data(), 10, ncclFloat32, right, p.comm, p.stream));
  NCCL_OK(ncclRecv(p.data.data(), 10, ncclFloat32, left, p.comm, p.stream));
  return watch(p);
}

int different_messages(Process& p) {
  if (p.rank == 0) NCCL_OK(ncclSend(p.data.data(), 10, ncclFloat32, 1, p.comm, p.stream));
  if (p.rank == 1) NCCL_OK(ncclRecv(p.data.data(), 20, ncclFloat32, 0, p.comm, p.stream));
  return watch(p);
}

int one_leaves_early(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) {
    NCCL_OK(ncclCommDestroy(p.comm));
    return kFine;
  }
  p.all_reduce();
  return watch(p);
}

int one_exits_without_destroying(Process& p) {
  p.all_reduce();
  p.synchronize();
  if (p.rank == 1) return kFine;
  std::this_thread::sleep_for(milliseconds(200));
  ncclResult_t state;
  NCCL_OK(ncclCommGetAsyncError(p.comm, &state));  // nothing needs rank 1 any more
  if (state) return status_of(state);
  NCCL_OK(ncclCommDestroy(p.comm));
  return kFine;
}

int reads_what_is_freed(Process& p) {
  float* gone;
  CUDA_OK(cudaMalloc(&gone, 4000));
  if (p.rank == 1) CUDA_OK(cudaFreeAsync(gone, p.stream));
  NCCL_OK(ncclAllReduce(gone, p.data.data(), 1000, ncclFloat32, ncclSum, p.comm, p.stream));
  return watch(p);
}

// The device of rank 1 fails at something else before it comes to the collective.
int device_fails(Process& p) {
  void* memory;
  CUDA_OK(cudaMalloc(&memory, 8));
  if (p.rank == 1)
    for (int k = 0; k < 2; ++k) CUDA_OK(cudaFreeAsync(memory, p.stream));
  p.all_reduce();
  if (p.rank == 0) return watch(p);
  const int status = status_of(await_state(p.comm, ncclSuccess));  // the host does not look at its streams
  NCCL_OK(ncclCommAbort(p.comm));
  return status;
}

int waits_on_the_stream(Process& p) {
  p.all_reduce();
  if (p.rank == 1) {
    p.synchronize();
    kill(getpid(), SIGKILL);
  }
  p.all_reduce();
  return cudaStreamSynchronize(p.stream) ? kRemoteError : kFine;
}

using Scenario = int (*)(Process&);
const std::map<std::string, Scenario>& scenarios() {
#define SCENARIO(name) \
  { #name, name }
  static const std::map<std::string, Scenario> all = {SCENARIO(ten_sums),
                                                      SCENARIO(two_communicators),
                                                      SCENARIO(killed_in_the_middle),
                                                      SCENARIO(impatient),
                                                      SCENARIO(different_counts),
                                                      SCENARIO(killed_while_all_are_idle),
                                                      SCENARIO(different_order),
                                                      SCENARIO(different_operations),
                                                      SCENARIO(everyone_sends_first),
                                                      SCENARIO(one_leaves_early),
                                                      SCENARIO(different_messages),
                                                      SCENARIO(one_exits_without_destroying),
                                                      SCENARIO(reads_what_is_freed),
                                                      SCENARIO(waits_on_the_stream),
                                                      SCENARIO(device_fails)};
#undef SCENARIO
  return all;
}

}  // namespace

void run_rank(char** arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // not to outlive a test that is stopped
  alarm(30);                         // a rank that hangs fails its test
  ncclUniqueId id = {};
  strncpy(id.internal, arguments[5], sizeof id.internal - 1);
  Process p;
  p.rank = atoi(arguments[3]);
  p.ranks = atoi(arguments[4]);
  NCCL_OK(ncclCommInitRank(&p.comm, p.ranks, id, p.rank));
  CUDA_OK(cudaStreamCreateWithFlags(&p.stream, cudaStreamNonBlocking));
  int status;
  try {
    status = scenarios().at(arguments[2])(p);
  } catch (const NcclError& error) {  // a call already tells of what another rank met
    NCCL_OK(ncclCommAbort(p.comm));
    status = status_of(error.code);
  }
  exit(status);  // p is not destroyed: after an error its memory cannot be freed
}
}  // namespace convoy
