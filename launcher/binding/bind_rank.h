// Binds a rank to its part of its machine, as parallel.bind says.
#pragma once

#include <string>

#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

// Collective; the ranks of a machine tell each other, 16 KiB a rank. Before the CPU device is made: its threads then
// run on this rank's processors. Returns what came of it, in words: "its share of the cores". A refusal of the system
// is said there and stops nothing.
std::string bind_rank(const Config& config, Communicator& communicator);

// Where a machine has several RDMA devices: sets NCCL_IB_HCA and UCX_NET_DEVICES to the one nearest to this rank's GPU,
// unless they are set. To be called before MPI starts, since UCX reads them then. Returns the device's name, or
// nothing.
std::string choose_network(const Config& config);

}  // namespace convoy
