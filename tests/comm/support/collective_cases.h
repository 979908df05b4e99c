// What every Communicator must do, as bodies that run once on each rank: for the local one, threads and MPI alike.
#pragma once

#include <span>

#include "core/comm/communicator.h"

namespace convoy::test {

struct CollectiveCase {
  const char* name;
  void (*body)(Communicator&);
};

std::span<const CollectiveCase> collective_cases();

}  // namespace convoy::test
