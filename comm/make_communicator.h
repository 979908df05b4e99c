// The communicator of all ranks: MPI's if several processes were started together, otherwise the local one, so that a
// single process needs no MPI at run time.
#pragma once

#include <memory>

#include "core/comm/communicator.h"

namespace convoy {

enum class CommunicatorKind { automatic, local, mpi };

struct CommunicatorOptions {
  CommunicatorKind kind = CommunicatorKind::automatic;
  double timeout_s = 120;  // parallel.timeout_s; 0: never
};

// Once per process. Throws ConfigError if a launcher started several processes that do not find each other.
std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options = {});

}  // namespace convoy
