// Owns an MPI communicator. Its errors come back as return codes, for MPI_CHECK.
#pragma once

#include <mpi.h>

#include <utility>

namespace convoy::mpi {

class MpiGroup {
 public:
  MpiGroup() = default;
  explicit MpiGroup(MPI_Comm owned);
  MpiGroup(MpiGroup&& other) noexcept : comm_(std::exchange(other.comm_, MPI_COMM_NULL)) {}
  MpiGroup& operator=(MpiGroup&& other) noexcept {
    std::swap(comm_, other.comm_);
    return *this;
  }
  ~MpiGroup();

  // Collective, as all that make groups.
  static MpiGroup duplicate(MPI_Comm comm);
  static MpiGroup split(MPI_Comm comm, int color, int key);
  static MpiGroup split_by_machine(MPI_Comm comm);

  MPI_Comm comm() const { return comm_; }
  int rank() const;
  int size() const;

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace convoy::mpi
