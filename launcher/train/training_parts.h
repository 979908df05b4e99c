// What training works on: data, and a machine to compute on. `train` and `replay` open the same, or bits could differ.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/comm/communicator.h"
#include "core/config/config.h"
#include "core/data/dataset.h"
#include "core/train/trainer.h"
#include "launcher/open_data.h"

namespace convoy {

// Collective. The dataset, the same on all ranks; what the config leaves to it is written into the config. Throws
// DataError, also if another rank finds other data under the same name.
OpenedData open_training_data(Config& config, Communicator& ranks);

// The device of this rank, and the mesh of the ranks' devices.
class TrainingMachine {
 public:
  // Collective. The ranks outlive it. Throws ConfigError if there is no such device, SharedError if the ranks' devices
  // compute differently and the config needs that they do not.
  TrainingMachine(const Config& config, Communicator& ranks);

  Device& device() { return *device_; }
  // The ranks' own, or the one for their devices' memory.
  Communicator& communicator() { return of_devices_ ? *of_devices_ : ranks_; }
  Mesh& mesh() { return mesh_; }
  // Host, device and its serial number, where an error must name them.
  std::string identity() const;

 private:
  Communicator& ranks_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Communicator> of_devices_;  // null: ranks_ does for the device
  Mesh mesh_;
};

// Where a run goes on with other bits than it would have had on the device that it comes from.
void warn_of_other_device(const CheckpointReader& checkpoint, const Device& device);

// For a Trainer that saves nothing, tells nobody and is never stopped. All outlive it. base: what the run's checkpoint
// says of the model beneath its adapter, if there is one (launcher/base_model.h). Throws DataError if the model and the
// data do not fit.
TrainerParts trainer_parts(const Config& config, Dataset& data, TrainingMachine& machine, int64_t virtual_ranks,
                           const std::string& base);

}  // namespace convoy
