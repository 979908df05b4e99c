// What model.from stands for in a config.
#pragma once

#include <optional>
#include <string>

#include "launcher/config/setting.h"

namespace convoy {

// The model section of the config.yaml of the checkpoint that the folder stands for, without its own model.from.
// Absent: no checkpoint is there. Throws ConfigError if that file cannot be read.
std::optional<Setting> settings_of_model(const std::string& folder);

// The same of a run's own config.yaml, if it has one that says the same model.from.
std::optional<Setting> settings_of_run_from(const std::string& run, const std::string& from);

}  // namespace convoy
