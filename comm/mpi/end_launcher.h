// The last resort for ending a job: MPI_Abort asks mpirun to end all ranks, and mpirun then waits for its daemons on
// all hosts, for a quarter of an hour if one of them cannot be reached.
#pragma once

#include <chrono>

namespace convoy::mpi {

// Leaves a process behind that waits, and if the daemon of Open MPI that started this rank is alive after that (mpirun
// itself on its own host, orted elsewhere), closes its connections to other hosts: it then takes them for lost and
// ends, mpirun with the exit code of the rank that aborted. Where the system does not allow that (it does for root, and
// wherever one may attach a debugger), or it does not help within a second, the daemon is killed. Does nothing under
// other launchers. From any thread; the process ends with the daemon.
void end_launcher_after(std::chrono::seconds grace) noexcept;

}  // namespace convoy::mpi
