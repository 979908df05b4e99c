// The life of a communicator.
#include <cuda_runtime_api.h>
#include <cstring>

#include <cstddef>

#include "tests/virtual_gpu/nccl/errors.h"
#include "tests/virtual_gpu/nccl/group.h"
#include "tests/virtual_gpu/nccl/rendezvous.h"
#include "tests/virtual_gpu/nccl/split.h"
#include "tests/virtual_gpu/runtime/unkind.h"

using namespace convoy::virtual_nccl;

namespace {
constexpr unsigned kConfigMagic = 0xcafebeef;

// Reads what of a configuration has an effect here.
ncclResult_t read_config(const ncclConfig_t* config, const char* call, bool& blocking) {
  if (!config) return ncclSuccess;
  if (config->magic != kConfigMagic || config->size < offsetof(ncclConfig_t, cgaClusterSize))
    return fail(ncclInvalidArgument, text(call, ": the configuration was not made with NCCL_CONFIG_INITIALIZER"));
  if (config->blocking == NCCL_CONFIG_UNDEF_INT) return ncclSuccess;
  if (config->blocking != 0 && config->blocking != 1)
    return fail(ncclInvalidArgument, text(call, ": config.blocking is ", config->blocking, "; wanted 0 or 1"));
  blocking = config->blocking;
  return ncclSuccess;
}

ncclResult_t begin(ncclComm_t* comm, Meeting meeting, int device, bool blocking) {
  const auto communicator = std::make_shared<Communicator>(std::move(meeting), device, blocking);
  *comm = make_handle(communicator);
  return await_start(communicator);
}

ncclResult_t init_rank(ncclComm_t* comm, int ranks, const ncclUniqueId& id, int rank, const ncclConfig_t* config,
                       const char* call) {
  bool blocking = true;
  if (!comm) return spoil_group(fail(ncclInvalidArgument, text(call, ": comm is null")));
  *comm = nullptr;
  if (ranks < 1 || ranks > kMaxRanks || rank < 0 || rank >= ranks)
    return spoil_group(fail(ncclInvalidArgument,
                            text(call, ": rank ", rank, " of ", ranks, "; wanted 0 <= rank < nranks <= ", kMaxRanks)));
  if (const ncclResult_t result = read_config(config, call, blocking)) return spoil_group(result);
  int device = 0;
  cudaGetDevice(&device);
  const Meeting meeting = [=](const std::atomic<bool>& stop) {
    return Membership{meet(id, rank, ranks, device, stop), rank, ranks};
  };
  return begin(comm, meeting, device, blocking);
}

ncclResult_t end(ncclComm_t comm, const char* call, bool aborts) {
  const auto communicator = take(comm, call);
  if (!communicator) return ncclInvalidArgument;
  const ncclResult_t result = aborts ? ncclSuccess : communicator->flush();
  communicator->abort();
  return result;
}
}  // namespace

extern "C" {
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  if (!id) return fail(ncclInvalidArgument, text(__func__, ": the id is null"));
  try {
    *id = make_unique_id();
    return ncclSuccess;
  } catch (const RendezvousError& error) {
    return fail(error.code, error.what());
  }
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int nranks, ncclUniqueId id, int rank, ncclConfig_t* config) {
  return init_rank(comm, nranks, id, rank, config, __func__);
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int nranks, ncclUniqueId id, int rank) {
  return init_rank(comm, nranks, id, rank, nullptr, __func__);
}

// The first id joins all; of the others nothing is needed here but that they are ids, each once.
ncclResult_t ncclCommInitRankScalable(ncclComm_t* comm, int nranks, int rank, int count, ncclUniqueId* ids,
                                      ncclConfig_t* config) {
  const auto same = [](const ncclUniqueId& a, const ncclUniqueId& b) { return std::memcmp(&a, &b, sizeof a) == 0; };
  if (!ids || count < 1 || count > nranks)
    return fail(ncclInvalidArgument, text(__func__, ": ", count, " ids of ", nranks, " ranks; wanted 1 to nranks"));
  for (int i = 0; i < count; ++i) {
    bool is_new = !same(ids[i], ncclUniqueId{});
    for (int before = 0; before < i; ++before) is_new = is_new && !same(ids[before], ids[i]);
    if (!is_new) return fail(ncclInvalidArgument, text(__func__, ": id ", i, " is none, or one of those before"));
  }
  return init_rank(comm, nranks, ids[0], rank, config, __func__);
}

ncclResult_t ncclCommInitAll(ncclComm_t* comm, int ndev, const int* devlist) {
  int before = 0, devices = 0;
  cudaGetDevice(&before);
  cudaGetDeviceCount(&devices);
  for (int k = 0; k < ndev; ++k) {
    const int device = devlist ? devlist[k] : k;
    if (device < 0 || device >= devices)
      return fail(ncclInvalidArgument, text(__func__, ": there is no device ", device, "; there are ", devices));
    for (int other = 0; devlist && other < k; ++other)
      if (devlist[other] == device)
        return fail(ncclInvalidUsage, text(__func__, ": device ", device, " is named twice"));
  }
  ncclUniqueId id;
  if (const ncclResult_t result = ncclGetUniqueId(&id)) return result;
  start_group();
  for (int k = 0; k < ndev; ++k) {
    cudaSetDevice(devlist ? devlist[k] : k);
    init_rank(&comm[k], ndev, id, k, nullptr, __func__);
  }
  cudaSetDevice(before);
  return end_group();
}

ncclResult_t ncclCommSplit(ncclComm_t comm, int color, int key, ncclComm_t* newcomm, ncclConfig_t* config) {
  const auto parent = find(comm, __func__);
  if (!parent) return spoil_group(ncclInvalidArgument);
  if (!newcomm || (color < 0 && color != NCCL_SPLIT_NOCOLOR))
    return spoil_group(
        fail(ncclInvalidArgument, text(__func__, ": color ", color, "; wanted 0 or more, or NCCL_SPLIT_NOCOLOR")));
  *newcomm = nullptr;
  if (const ncclResult_t state = parent->state())
    return spoil_group(fail(state == ncclInProgress ? ncclInvalidArgument : state,
                            text(__func__, ": the communicator is not ready. ", parent->error_message())));
  bool blocking = parent->blocking();
  if (const ncclResult_t result = read_config(config, __func__, blocking)) return spoil_group(result);
  const SplitWish wish{parent->next_split(), color, key};
  const Meeting meeting = [segment = parent->segment(), rank = parent->rank(), device = parent->device(),
                           wish](const std::atomic<bool>& stop) {
    return meet_by_color(*segment, rank, device, wish, stop);
  };
  if (color != NCCL_SPLIT_NOCOLOR && !blocking && convoy::vgpu::is_unkind()) {
    // NCCL's documentation, ncclCommSplit and ncclCommGetAsyncError: nothing is there before the call has completed.
    ncclComm_t child = nullptr;
    const ncclResult_t begun = begin(&child, meeting, parent->device(), blocking);
    parent->begin_writing([newcomm, child] { *newcomm = child; });
    return begun;
  }
  if (color != NCCL_SPLIT_NOCOLOR) return begin(newcomm, meeting, parent->device(), blocking);
  try {
    meeting(false);
    return ncclSuccess;
  } catch (const RendezvousError& error) {
    return spoil_group(fail(error.code, error.what()));
  }
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  const auto communicator = find(comm, __func__);
  if (!communicator) return ncclInvalidArgument;
  if (comm->finalized) return fail(ncclInvalidUsage, text(__func__, ": the communicator is finalized already"));
  comm->finalized = true;
  if (communicator->blocking()) return communicator->flush();
  communicator->start_flush();
  return communicator->state();
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) { return end(comm, __func__, false); }
ncclResult_t ncclCommAbort(ncclComm_t comm) { return end(comm, __func__, true); }

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* error) {
  const auto communicator = find(comm, __func__);
  if (!communicator || !error) return ncclInvalidArgument;
  *error = communicator->state();
  return ncclSuccess;
}
}
