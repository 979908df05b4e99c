// A split that is too short for what is wanted of it, and what would help.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "datasets/token_dataset.h"

namespace convoy {

// "SPLIT has N tokens, ... wanted; REMEDIES" where a split does not hold `samples` sequences of T + 1 tokens. The
// remedies are computed: each helps where it is given. model_is_fixed: its context cannot be changed any more.
std::string too_short(const DatasetManifest& manifest, Split split, int64_t T, int64_t samples, bool model_is_fixed);

// Throws DataError, naming the folder, unless a micro-batch can be taken from the validation split.
void require_evaluation_in_training(const TokenDataset& dataset, int64_t micro);
void require_evaluation_of_trained(const TokenDataset& dataset, int64_t micro);

}  // namespace convoy
