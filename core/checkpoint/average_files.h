// ema.safetensors: the moving average of all weights under their names, f32, from what the ranks have written of it.
#pragma once

#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"

namespace convoy {

// Writes it into a checkpoint's folder and the manifest, whose other files are there; does nothing if no average is
// kept. Weights that are in no group, since they do not change, are their own average. Rank 0.
void write_average(const std::filesystem::path& folder, const CheckpointContents& contents, Manifest& manifest);

}  // namespace convoy
