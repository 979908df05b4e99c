#include "comm/mpi/mpi_group.h"

#include <exception>

#include "comm/mpi/mpi_check.h"

namespace convoy::mpi {

MpiGroup::MpiGroup(MPI_Comm owned) : comm_(owned) { MPI_CHECK(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN)); }

// Freeing is collective: while an exception ends this rank, the others may be waiting elsewhere.
MpiGroup::~MpiGroup() {
  if (comm_ != MPI_COMM_NULL && std::uncaught_exceptions() == 0) MPI_Comm_free(&comm_);
}

MpiGroup MpiGroup::duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_dup(comm, &copy));
  return MpiGroup(copy);
}

MpiGroup MpiGroup::split(MPI_Comm comm, int color, int key) {
  MPI_Comm part = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_split(comm, color, key, &part));
  return MpiGroup(part);
}

MpiGroup MpiGroup::split_by_machine(MPI_Comm comm) {
  MPI_Comm part = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &part));
  return MpiGroup(part);
}

int MpiGroup::rank() const {
  int rank = 0;
  MPI_CHECK(MPI_Comm_rank(comm_, &rank));
  return rank;
}

int MpiGroup::size() const {
  int size = 0;
  MPI_CHECK(MPI_Comm_size(comm_, &size));
  return size;
}

}  // namespace convoy::mpi
