// The one check around calls of MPI: throws InternalError with the call and MPI's own text.
#pragma once

#include <mpi.h>

namespace convoy::mpi {

[[noreturn]] void throw_mpi_error(int code, const char* call);

inline void check(int code, const char* call) {
  if (code != MPI_SUCCESS) throw_mpi_error(code, call);
}

}  // namespace convoy::mpi

#define MPI_CHECK(call) ::convoy::mpi::check((call), #call)
