// A trained model on disk, as `eval` and `generate` are given it: a run folder, of which the newest whole checkpoint is
// taken, or a checkpoint folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/tokenizer/tokenizer.h"

namespace convoy {

struct TrainedModel {
  std::unique_ptr<CheckpointReader> checkpoint;
  Config config;  // the run's, changed by the overrides
};

// Throws CheckpointError if there is none.
TrainedModel open_trained_model(const std::filesystem::path& folder, const std::vector<std::string>& overrides);

// The tokenizer that the checkpoint holds.
std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint);

}  // namespace convoy
