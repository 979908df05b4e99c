// A config file and command-line overrides become a Config, or one error that names every mistake at once.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/config.h"

namespace convoy {

// Later ones win: defaults, the file's model.preset, the file's keys, the command line's model.preset, the command
// line's keys. Throws ConfigError. A name that the command line gives to a kind (optimizer.name=sgd) drops the keys
// that the file gave to another.
Config load_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   const Config& defaults = Config());

// The same from text; source is what mistakes call it.
Config parse_config(const std::string& text, const std::string& source, const std::vector<std::string>& overrides,
                    const Config& defaults = Config());

// The defaults, or another config, changed by command-line words alone.
Config override_config(const Config& config, const std::vector<std::string>& overrides);

}  // namespace convoy
