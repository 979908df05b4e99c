// All ranks that mpirun or srun started, over MPI. Buffers must be host memory.
#pragma once

#include <memory>
#include <string>

#include "core/comm/communicator.h"

namespace convoy::mpi {

// Calls MPI_Init_thread; MPI is finalised with the last communicator split from this one. Once per process.
// Collective over the world. timeout_s: of the watchdog; 0: none.
std::unique_ptr<Communicator> make_mpi_communicator(double timeout_s);

// "Open MPI v4.1.4": what the library calls itself. Works before MPI_Init.
std::string mpi_library_version();

}  // namespace convoy::mpi
