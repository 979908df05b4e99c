// All ranks that mpirun or srun started, over MPI. Buffers must be host memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/comm/communicator.h"

namespace convoy::mpi {

struct MpiOptions {
  double timeout_s = 120;                // of the watchdog; 0: none
  int64_t max_count = int64_t{1} << 30;  // elements per call of MPI, at most the default; tests lower it
};

// Calls MPI_Init_thread; MPI is finalised with the last communicator split from this one. Once per process.
// Collective over the world.
std::unique_ptr<Communicator> make_mpi_communicator(const MpiOptions& options = {});

// "Open MPI v4.1.4": what the library calls itself. Works before MPI_Init.
std::string mpi_library_version();

}  // namespace convoy::mpi
