// MPI from MPI_Init_thread to MPI_Finalize, once per process.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "comm/mpi/machine_flag.h"
#include "core/base/error.h"

namespace convoy::mpi {

class MpiEnvironment {
 public:
  // Throws ConfigError if this MPI does not let several threads communicate at once.
  MpiEnvironment();
  // Finalises. If it goes because an exception ends this rank, it aborts the job instead: to finalise means to wait for
  // the others, who may be waiting for this rank.
  ~MpiEnvironment();
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;

  int world_rank() const { return world_rank_; }
  // Prints "rank R on HOST: reason" unless another rank of this machine already printed one, and ends the job.
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept;

 private:
  const int exceptions_before_ = std::uncaught_exceptions();
  int world_rank_ = 0;
  std::unique_ptr<MachineFlag> aborting_;
};

}  // namespace convoy::mpi
