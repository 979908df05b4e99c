// What training works on: data, device, ranks. `train` and `replay` build the same world, or bits could differ.
#pragma once

#include <memory>
#include <optional>

#include "core/comm/communicator.h"
#include "core/config/config.h"
#include "core/data/dataset.h"
#include "core/train/trainer.h"

namespace convoy {

class TrainingWorld {
 public:
  // Both outlive the world. Resolves what the config leaves to the data.
  TrainingWorld(Config& config, Communicator& ranks) : config_(config), ranks_(ranks) {}

  // Collective. Opens the dataset; where the config leaves the model's vocabulary to it, writes it there. Throws
  // DataError, also if another rank finds other data under the same name.
  void open_data();
  // Collective. The device, and the mesh of the ranks' devices.
  void make_device();

  Dataset& dataset() { return *dataset_; }
  Device& device() { return *device_; }
  // The ranks' own, or the one for their devices' memory.
  Communicator& communicator() { return device_communicator_ ? *device_communicator_ : ranks_; }

  // For a Trainer that saves nothing, tells nobody and is never stopped.
  TrainerParts parts(int64_t virtual_ranks);

 private:
  std::string identity() const;

  Config& config_;
  Communicator& ranks_;
  std::unique_ptr<Dataset> dataset_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Communicator> device_communicator_;  // null: ranks_ does for the device
  std::optional<Mesh> mesh_;
};

}  // namespace convoy
