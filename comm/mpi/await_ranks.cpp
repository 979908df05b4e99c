#include "comm/mpi/await_ranks.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "comm/mpi/mpi_check.h"

namespace convoy::mpi {
namespace {

using std::chrono::microseconds;

constexpr microseconds kEager(50), kFirstPause(10), kLongestPause(100);

}  // namespace

void await_ranks(MPI_Comm comm) {
  MPI_Request arrival = MPI_REQUEST_NULL;
  MPI_CHECK(MPI_Ibarrier(comm, &arrival));
  const auto eager_until = std::chrono::steady_clock::now() + kEager;
  for (microseconds pause = kFirstPause;;) {
    int all_here = 0;
    MPI_CHECK(MPI_Test(&arrival, &all_here, MPI_STATUS_IGNORE));
    if (all_here != 0) return;
    if (std::chrono::steady_clock::now() < eager_until) continue;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace convoy::mpi
