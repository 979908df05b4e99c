// A flag in memory shared by the processes of one machine: who raises it first knows that it was the first.
//
// The memory has no name once construction is over, so nothing is left behind however the processes end. Where the
// processes of a machine cannot share memory (containers without a common /dev/shm) each has a flag of its own.
#pragma once

#include <atomic>

#include "comm/mpi/mpi_group.h"

namespace convoy::mpi {

class MachineFlag {
 public:
  // Collective over the machine's group.
  explicit MachineFlag(const MpiGroup& machine);
  ~MachineFlag();
  MachineFlag(const MachineFlag&) = delete;
  MachineFlag& operator=(const MachineFlag&) = delete;

  // True for the first caller among the processes, false for all later ones. Lock-free; from any thread.
  bool raise_first() noexcept { return !flag().exchange(true); }

 private:
  std::atomic<bool>& flag() noexcept { return shared_ != nullptr ? *shared_ : own_; }

  std::atomic<bool>* shared_ = nullptr;
  std::atomic<bool> own_ = false;
};

}  // namespace convoy::mpi
