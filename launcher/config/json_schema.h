// The keys of a config as a JSON Schema (draft 2020-12): editors complete and check a YAML file by it.
#pragma once

#include <string>

#include "core/config/config.h"

namespace convoy {

std::string config_schema(Config defaults);

}  // namespace convoy
