#include "comm/mpi/leak_check.h"

namespace convoy::mpi {

void begin_ignoring_leaks() {}
void end_ignoring_leaks() {}

void check_leaks_before_finalize() {}

}  // namespace convoy::mpi
