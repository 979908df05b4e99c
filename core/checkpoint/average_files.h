// The moving average of all weights under their names, f32: ema.safetensors or, where the weights are in several files,
// as many with an index. It is made of what the ranks have written of it, a piece at a time.
#pragma once

#include <filesystem>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"

namespace convoy {

bool keeps_average(const CheckpointContents& contents);

// Writes the files that stand beside those of this rank's weights into a checkpoint's folder, where all ranks' states
// are. record: of the manifest. Weights that are in no group, since they do not change, are their own average. Returns
// as many as there are files, those that this rank wrote told.
std::vector<WrittenFile> write_averages(const std::filesystem::path& folder, const CheckpointContents& contents,
                                        const OptimizerRecord& record);

}  // namespace convoy
