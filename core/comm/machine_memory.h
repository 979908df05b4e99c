// Memory that the ranks of one machine have in common.
//
// It has no name once construction is over, so nothing is left behind however the processes end. Where processes cannot
// share memory (containers without a common /dev/shm, or one that is full) a rank has memory of its own.
#pragma once

#include <cstddef>
#include <memory>

#include "core/comm/communicator.h"

namespace convoy {

class MachineMemory {
 public:
  // Collective over the ranks of a machine (Communicator::machine_ranks). All bytes are zero at first.
  MachineMemory(Communicator& machine, size_t bytes);
  // Of this process alone.
  explicit MachineMemory(size_t bytes);
  ~MachineMemory();
  MachineMemory(const MachineMemory&) = delete;
  MachineMemory& operator=(const MachineMemory&) = delete;

  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // Whether others see what this rank writes there.
  bool is_shared() const { return is_shared_; }

 private:
  void take_own();

  const size_t bytes_;
  std::byte* data_ = nullptr;
  bool is_shared_ = false;
};

}  // namespace convoy
