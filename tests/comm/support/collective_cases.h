// What every Communicator must do, as bodies that run once on each rank: for the local one, threads, MPI and NCCL
// alike.
#pragma once

#include <span>

#include "core/comm/communicator.h"
#include "core/device/device.h"

namespace convoy::test {

struct CollectiveCase {
  const char* name;
  // device: of this rank, in the memory of which the communicator's tensors lie.
  void (*body)(Communicator&, Device& device);
};

std::span<const CollectiveCase> collective_cases();

}  // namespace convoy::test
