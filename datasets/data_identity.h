// What a dataset is, whatever its folder and its files are called and wherever they lie.
#pragma once

#include <string>

#include "datasets/dataset_manifest.h"

namespace convoy {

// The same for datasets that give the same samples: of the fields (of tokens: the vocabulary), and of each split's
// shards their rows and the checksums of their blocks. 32 hexadecimal digits; empty, that is unknown, where a shard has
// no checksums. Checkpoints keep it: that of a dataset may never change.
std::string data_identity(const DatasetManifest& manifest);

}  // namespace convoy
