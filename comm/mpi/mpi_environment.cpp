#include "comm/mpi/mpi_environment.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "comm/failure_report.h"
#include "comm/mpi/end_launcher.h"
#include "comm/mpi/launch_environment.h"
#include "comm/mpi/leak_check.h"
#include "comm/mpi/mpi_check.h"
#include "comm/mpi/stage_watch.h"

namespace convoy::mpi {
namespace {

// How long a rank that is not the first to abort waits to be ended with the first one's exit code, and how long
// MPI_Abort may take where the network that would carry it is gone.
constexpr std::chrono::seconds kGrace(3);

void exit_after_grace(ExitCode code) noexcept {
  try {
    std::thread([code] {
      std::this_thread::sleep_for(kGrace);
      exit_now(code);
    }).detach();
  } catch (const std::exception&) {
    // No thread to be had: MPI_Abort must do without the safety net.
  }
}

}  // namespace

MpiEnvironment::MpiEnvironment(double timeout_s) : timeout_s_(timeout_s) {
  // A rank that waits in MPI gives way to the others' computing when ranks outnumber cores. The user's setting counts.
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  // No handlers for crashes: Open MPI's, and those of UCX, allocate memory, and a rank that crashes inside malloc would
  // never end.
  setenv("OMPI_MCA_opal_signal", "", 0);
  setenv("UCX_HANDLE_ERRORS", "none", 0);
  int provided = MPI_THREAD_SINGLE;
  {
    const StageWatch watch("MPI_Init", launch_environment().rank, timeout_s_);
    const LeaksIgnored ignored;
    MPI_CHECK(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided));
  }
  if (provided < MPI_THREAD_MULTIPLE)
    throw ConfigError(
        fmt::format("MPI provides thread level {}, MPI_THREAD_MULTIPLE ({}) is needed; use a build of MPI "
                    "with thread support, such as Debian's libopenmpi",
                    provided, int{MPI_THREAD_MULTIPLE}));
  MPI_CHECK(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  MPI_CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &world_rank_));
  aborting_ = std::make_unique<MachineFlag>(MpiGroup::split_by_machine(MPI_COMM_WORLD));
  int world_size = 1;
  MPI_CHECK(MPI_Comm_size(MPI_COMM_WORLD, &world_size));
  hang_watch_ = std::make_unique<hang::HangWatch>(world_rank_, world_size);
}

MpiEnvironment::~MpiEnvironment() {
  if (std::uncaught_exceptions() > exceptions_before_) abort(ExitCode::internal, "an exception ended this rank");
  check_leaks_before_finalize();
  const StageWatch watch("MPI_Finalize", world_rank_, timeout_s_);
  MPI_Finalize();
}

void MpiEnvironment::abort(ExitCode code, std::string_view reason, const std::function<void()>& farewell) noexcept {
  const bool first = aborting_->raise_first();
  if (first) report_failure(world_rank_, reason);
  farewell();
  end_job(code, first);
}

void MpiEnvironment::abort_told(ExitCode code) noexcept { end_job(code, aborting_->raise_first()); }

void MpiEnvironment::end_job(ExitCode code, bool first) noexcept {
  exit_after_grace(code);
  if (!first) std::this_thread::sleep_for(kGrace - std::chrono::seconds(1));
  end_launcher_after(kGrace);
  MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  exit_now(code);
}

}  // namespace convoy::mpi
