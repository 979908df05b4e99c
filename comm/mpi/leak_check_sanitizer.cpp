#include <sanitizer/lsan_interface.h>

#include "comm/mpi/leak_check.h"

namespace convoy::mpi {

void begin_ignoring_leaks() { __lsan_disable(); }
void end_ignoring_leaks() { __lsan_enable(); }

void check_leaks_before_finalize() { __lsan_do_leak_check(); }

}  // namespace convoy::mpi

extern "C" const char* __lsan_default_suppressions() {
  return "leak:libmpi\nleak:libopen-pal\nleak:libopen-rte\nleak:libpmix\nleak:libhwloc\nleak:libevent\nleak:mca_\n";
}
