// An adapter and the model beneath it as one model's weights, for readers that know no adapters.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launcher/export/export_model.h"

namespace convoy {

// A linear map as the peer's checkpoints have it.
struct PeerMap {
  std::string name;        // its weight is name.weight
  bool by_outputs = true;  // that weight's rows are outputs
  bool adapted = false;
};

// All that adapters could stand beside, in the model's order. model: one with an adapter.
std::vector<PeerMap> peer_maps(const TrainedModel& model);

// The file with the weights that training began with.
std::filesystem::path base_weights(const TrainedModel& model);

// W + scale B A of each adapted weight, rounded once to the dtype that the file beneath has; everything else as it is
// there. The file must not exist. Throws FileError, CheckpointError.
void write_merged(const TrainedModel& model, const std::filesystem::path& path, const ModelProgress& progress);

}  // namespace convoy
