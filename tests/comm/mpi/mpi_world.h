// The world communicator of a test program under mpirun: made before the first test, gone after the last.
#pragma once

#include "core/comm/communicator.h"

namespace convoy::test {

Communicator& mpi_world();

}  // namespace convoy::test
