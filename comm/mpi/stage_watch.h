// A deadline for MPI_Init and MPI_Finalize, which wait for every rank: one that is stopped, or that another launcher
// lost, would keep all others waiting for ever, and the watchdog of the communicator does not live there.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace convoy::mpi {

// While it lives, a stage that takes longer than the timeout ends this process with 71 and says what it waited for; the
// launcher then ends the others. timeout_s 0: no deadline. A launcher may start ranks one after the other, so that a
// stage has ten seconds at least.
class StageWatch {
 public:
  // stage: "MPI_Init"; rank: of this process in the world.
  StageWatch(std::string stage, int rank, double timeout_s);
  ~StageWatch();
  StageWatch(const StageWatch&) = delete;
  StageWatch& operator=(const StageWatch&) = delete;

 private:
  void watch();

  const std::string stage_;
  const int rank_;
  const std::chrono::duration<double> timeout_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace convoy::mpi
