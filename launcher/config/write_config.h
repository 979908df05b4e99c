// A Config as YAML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"

namespace convoy {

// Every key, resolved. Read back it gives the same Config, doubles included: they are written shortest exact.
std::string to_yaml(const Config& config);

// The same with unit, allowed values and meaning behind every value, and the keys of kinds that are not chosen as
// comments: the page that `trainer config` prints.
std::string config_page(const Config& config);

// One key's value: a name as the bytes it is, everything else as to_yaml writes it. Absent: there is no such key.
std::optional<std::string> config_value(const Config& config, std::string_view key);

struct ConfigDifference {
  std::string key, before, after;  // as written; empty: that config has no such key
  Effect effect = Effect::computes;
};
std::vector<ConfigDifference> config_differences(const Config& before, const Config& after);

}  // namespace convoy
