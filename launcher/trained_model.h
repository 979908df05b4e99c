// A trained model on disk, as `eval` and `generate` are given it: a run folder, of which the newest whole checkpoint or
// the best one is taken, or a checkpoint folder.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/tokenizer/tokenizer.h"
#include "core/train/restore.h"

namespace convoy {

// Files of a checkpoint: where its data lay, as absolute paths, of data.path or of each of data.mix. These may be
// relative to where the run was started.
std::map<std::string, std::string> data_folder_files(const Config& config);

struct TrainedModel {
  std::unique_ptr<CheckpointReader> checkpoint;
  Config config;                                // the run's, changed by the overrides
  std::unique_ptr<CheckpointReader> base = {};  // the model beneath its adapter; null: it has none

  TrainedWeights weights() const { return {*checkpoint, base.get()}; }
};

enum class CheckpointOfRun { newest, best };

// The checkpoint that a run, checkpoint or model folder stands for. Throws CheckpointError.
std::filesystem::path checkpoint_of(const std::filesystem::path& folder,
                                    CheckpointOfRun which = CheckpointOfRun::newest);

// Throws CheckpointError if there is none, or if the model beneath its adapter is not there. A relative data.path of
// the run, unless overridden, is replaced by what it means from here.
TrainedModel open_trained_model(const std::filesystem::path& folder, const std::vector<std::string>& overrides,
                                CheckpointOfRun which = CheckpointOfRun::newest);

// Turns data.path and those of data.mix, as a checkpoint's run has them, into what they mean for a command that is
// started elsewhere: each as it is if it means the same folder here; else the folder that it meant then or, where that
// is gone and there is one here, as after a move, this one.
void take_data_from_here(DataConfig& data, const CheckpointReader& checkpoint);

// How the run computes its operators (core/train/operator_choices.h), so that what is made of the model has the run's
// bits; null: of no checkpoint.
std::string operator_choices_of(const CheckpointReader* checkpoint);

bool has_tokenizer(const CheckpointReader& checkpoint);
// The name of the tokenizer's file in the checkpoint. Throws CheckpointError if there is none.
std::string tokenizer_file_of(const CheckpointReader& checkpoint);
// The tokenizer that the checkpoint holds.
std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint);

}  // namespace convoy
