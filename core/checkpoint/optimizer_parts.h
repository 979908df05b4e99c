// Reading the optimizer state that the ranks of a run have written, each its parts.
#pragma once

#include <filesystem>

#include "core/checkpoint/manifest.h"

namespace convoy {

// Elements [begin, end), which the group has, of one of its states. Throws CheckpointError or FileError.
void read_state(const std::filesystem::path& folder, const GroupRecord& group, const std::string& state, int64_t begin,
                int64_t end, float* out);

}  // namespace convoy
