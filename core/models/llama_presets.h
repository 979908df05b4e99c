// Published models of the family llama, by the sizes of their config.json.
#pragma once

#include <string_view>
#include <vector>

#include "core/models/llama.h"

namespace convoy {

std::vector<std::string_view> llama_preset_names();
// Throws InternalError if there is none of that name.
LlamaConfig llama_preset(std::string_view name);

}  // namespace convoy
