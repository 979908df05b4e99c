// A split that is too short for what is wanted of it, and what would help.
#pragma once

#include <cstdint>
#include <string>

#include "core/data/dataset.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// Of tokens: "SPLIT has N tokens, ... wanted; REMEDIES" where a split does not hold `samples` sequences of T + 1
// tokens. The remedies are computed: each helps where it is given. model_is_fixed: its context cannot be changed any
// more.
std::string too_short(const DatasetManifest& manifest, Split split, int64_t T, int64_t samples, bool model_is_fixed);

// Of any dataset. Throws DataError, naming the folder, unless so many samples can be taken from the split: from the
// validation split while a model is trained, or from any for a model that is.
void require_evaluation_in_training(const Dataset& dataset, int64_t samples);
void require_evaluation_of_trained(const Dataset& dataset, Split split, int64_t samples);

}  // namespace convoy
