// How the ranks of a host communicator become a group of NCCL.
#pragma once

#include <memory>

#include "comm/nccl/nccl_communicator.h"
#include "comm/nccl/nccl_group.h"

namespace convoy::nccl {

// Collective over host. Throws the same on every rank: ConfigError if two ranks share a GPU, else as below.
std::unique_ptr<NcclGroup> connect_ranks(Communicator& host, const NcclOptions& options);

// The ranks of one color, which host is already made of. Collective over whole and over host.
std::unique_ptr<NcclGroup> connect_part(NcclGroup& whole, int color, Communicator& host, const NcclOptions& options);

}  // namespace convoy::nccl
