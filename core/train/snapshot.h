// Between device memory and checkpoints.
#pragma once

#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/comm/communicator.h"
#include "core/train/model.h"

namespace convoy {

// Host views of this rank's part of the training state: rank 0 has the weights, every rank an even range of the
// optimizer state. On a CPU device these are the device's own memory; otherwise pinned copies, allocated once.
class Snapshot {
 public:
  Snapshot(Device& device, Stream& compute, ParameterStorage& parameters, int rank, int ranks);

  // Waits for the compute stream. Valid until the next step changes the state.
  CheckpointContents take();

 private:
  const void* on_host(const Tensor& tensor, size_t slot);

  Device& device_;
  Stream& compute_;
  ParameterStorage& parameters_;
  int rank_;
  int64_t begin_ = 0, end_ = 0, total_ = 0;
  std::vector<Memory> copies_;
};

// Fills weights, master weights and moments from a checkpoint. Throws CheckpointError if it is of another model.
void restore_training(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                      ParameterStorage& parameters);

// Weights alone, for eval and generate; any stored dtype.
void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute, ParameterStorage& parameters);

}  // namespace convoy
