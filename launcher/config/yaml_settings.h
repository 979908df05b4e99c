// YAML text as settings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "launcher/config/setting.h"

namespace convoy {

// A text whose top level is a map. Syntax errors, duplicate keys and keys that are no plain names are added to
// mistakes; what can be read is returned all the same. Names of files may be any bytes: `caf\xe9` in the text (in
// double quotes, where YAML has backslashes of its own, `caf\\xe9`) is a byte, see core/base/byte_text.h.
Setting yaml_settings(const std::string& text, const std::string& source, std::vector<Mistake>& mistakes);

// A list or map as it is written in one line, `[a, b]`: the value of a word of the command line. Absent: it is neither.
std::optional<Setting> flow_setting(const std::string& text, const Place& place);

// The content of a config file. Throws ConfigError; a file that is not there is answered with the nearest YAML file in
// its folder.
std::string read_config_file(const std::filesystem::path& path);

}  // namespace convoy
