// What a dataset is, whatever its folder and its files are called and wherever they lie.
#pragma once

#include <string>

#include "datasets/dataset_manifest.h"

namespace convoy {

// The same for datasets that give the same samples: of vocabulary, and of each split's shards their tokens and the
// checksums of their blocks. 32 hexadecimal digits.
std::string data_identity(const DatasetManifest& manifest);

}  // namespace convoy
