// Sizes of known models, by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"

namespace convoy {

std::vector<std::string> preset_names();

// Sets family, layers, heads, channels and context of the named model; false: no such name, nothing is changed.
bool apply_preset(std::string_view name, ModelConfig& model);

}  // namespace convoy
