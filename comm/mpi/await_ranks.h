// Waiting for the other ranks without taking the processor from those who compute.
#pragma once

#include <mpi.h>

namespace convoy::mpi {

// Returns when every rank of the group has called it. Looks eagerly for a moment, then sleeps between looks: a blocking
// collective spins for as long as the slowest rank computes, on the very cores that it computes on. Collective.
void await_ranks(MPI_Comm comm);

}  // namespace convoy::mpi
