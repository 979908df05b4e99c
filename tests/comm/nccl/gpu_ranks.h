// Ranks with a CUDA device and NCCL each: what the cases of tests/comm/support run on.
#pragma once

#include <functional>
#include <memory>

#include "core/comm/communicator.h"
#include "core/device/device.h"

namespace convoy::test {

// One rank of a host communicator on the GPU with the number of its local rank.
class GpuRank {
 public:
  explicit GpuRank(Communicator& host, double timeout_s = 60);

  Communicator& communicator() { return nccl_ ? *nccl_ : host_; }
  Device& device() { return *device_; }

 private:
  Communicator& host_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Communicator> nccl_;  // null for a single rank
};

// Runs body once per rank, each in a thread of its own.
void on_gpus(int ranks, const std::function<void(Communicator&, Device&)>& body);

}  // namespace convoy::test
