// Reading the optimizer state that the ranks of a run have written, each its parts.
#pragma once

#include <functional>
#include <string>

#include "core/checkpoint/manifest.h"

namespace convoy {

// The file of that name, opened before or now.
using OpenPart = std::function<const SafetensorsReader&(const std::string& file)>;

// Elements [begin, end), which the group has, of one of its states. Throws CheckpointError or FileError.
void read_state(const OpenPart& open, const OptimizerRecord& optimizer, const GroupRecord& group,
                const std::string& state, int64_t begin, int64_t end, float* out);

}  // namespace convoy
