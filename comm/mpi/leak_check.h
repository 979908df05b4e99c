// Keeps Open MPI's leaks out of AddressSanitizer's leak check, and ours in. Does nothing in a build without it.
//
// Open MPI loads plug-ins and unloads them again; what they leaked then has no name by which it could be suppressed.
#pragma once

namespace convoy::mpi {

void begin_ignoring_leaks();
void end_ignoring_leaks();

// While it lives, what this thread allocates never counts as leaked: for MPI_Init, which tries plug-ins and drops them.
class LeaksIgnored {
 public:
  LeaksIgnored() { begin_ignoring_leaks(); }
  ~LeaksIgnored() { end_ignoring_leaks(); }
  LeaksIgnored(const LeaksIgnored&) = delete;
  LeaksIgnored& operator=(const LeaksIgnored&) = delete;
};

// For the moment before MPI_Finalize, which drops the others: looks for leaks while Open MPI's can still be told by
// name. Ends the process if there are any of ours. The check at the process's end is left out then.
void check_leaks_before_finalize();

}  // namespace convoy::mpi
