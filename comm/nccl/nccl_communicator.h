// The ranks of a host communicator, with collectives on tensors in the memory of NVIDIA GPUs, over NCCL.
//
// Host operations, ranks and abort() are the host communicator's. Tensor collectives are enqueued on the CUDA stream of
// the Stream they are given (its native_handle()) and return at once, except the first ones, which wait until NCCL has
// connected the ranks. They count as entered and left when the stream comes to them and passes them.
//
// One GPU per rank. At any time at most one stream may have collectives of one communicator, and one thread may call
// it; collectives of several communicators on one device are enqueued in the same order on every rank. split() waits
// until the collectives enqueued before are done. Not for streams that are being captured into a graph.
//
// When NCCL fails or a collective outlives the timeout, a watchdog aborts NCCL and ends the job with exit code 71,
// naming the collective. This rank's host operations then never return, so that nothing computed from a broken
// collective is agreed on or saved.
#pragma once

#include <memory>
#include <string>

#include "core/comm/communicator.h"

namespace convoy::nccl {

struct NcclOptions {
  int cuda_ordinal = 0;    // this rank's device, among those its process sees
  double timeout_s = 120;  // for connecting the ranks and for each collective; 0: never
  // Connecting them is one rank's work for so many, where the library knows how; else rank 0's for all.
  int ranks_of_a_root = 128;
};

// Collective over host, which outlives the result. The same error on every rank: ConfigError where this build has no
// NCCL or two ranks share a GPU, TimeoutError or InternalError naming the ranks that NCCL did not connect.
std::unique_ptr<Communicator> make_nccl_communicator(Communicator& host, const NcclOptions& options);

// "NCCL 2.28.9", as loaded; empty where this build has none.
std::string nccl_library_version();

}  // namespace convoy::nccl
