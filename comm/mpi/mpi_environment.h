// MPI from MPI_Init_thread to MPI_Finalize, once per process.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "comm/hang/hang_watch.h"
#include "comm/mpi/machine_flag.h"
#include "core/base/error.h"

namespace convoy::mpi {

class MpiEnvironment {
 public:
  // Throws ConfigError if this MPI does not let several threads communicate at once. timeout_s: for all ranks to come
  // to MPI_Init, and later to MPI_Finalize; 0: as long as it takes.
  explicit MpiEnvironment(double timeout_s);
  // Finalises. If it goes because an exception ends this rank, it aborts the job instead: to finalise means to wait for
  // the others, who may be waiting for this rank.
  ~MpiEnvironment();
  MpiEnvironment(const MpiEnvironment&) = delete;
  MpiEnvironment& operator=(const MpiEnvironment&) = delete;

  int world_rank() const { return world_rank_; }
  // Prints "rank R on HOST: reason" unless another rank of this machine already printed one, and ends the job.
  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept {
    abort(code, reason, [] {});
  }
  // The same, with something left to do once the reason is told.
  [[noreturn]] void abort(ExitCode code, std::string_view reason, const std::function<void()>& farewell) noexcept;
  // The same without a word: the reason is known.
  [[noreturn]] void abort_told(ExitCode code) noexcept;

  hang::HangWatch& hang_watch() { return *hang_watch_; }

 private:
  // first: on this machine; the others leave it to the first to end them.
  [[noreturn]] void end_job(ExitCode code, bool first) noexcept;

  const int exceptions_before_ = std::uncaught_exceptions();
  const double timeout_s_;
  int world_rank_ = 0;
  std::unique_ptr<MachineFlag> aborting_;
  std::unique_ptr<hang::HangWatch> hang_watch_;  // of the world
};

}  // namespace convoy::mpi
