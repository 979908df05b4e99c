// A YAML file or a command line as a flat list of settings.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launcher/config/setting.h"

namespace convoy {

// Settings of a YAML text whose top level is a map of scalars and of maps of scalars (known_sections; a map under
// another name is one mistake). Syntax errors, duplicate keys, lists and deeper maps are added to mistakes; what can be
// read is returned all the same. Names of files may be any bytes: `caf\xe9` in the text (in double quotes, where YAML
// has backslashes of its own, `caf\\xe9`) is a byte, see core/base/byte_text.h.
std::vector<Setting> yaml_settings(const std::string& text, const std::string& source,
                                   const std::vector<std::string>& known_sections, std::vector<Mistake>& mistakes);

// Settings of `key=value` words; of a key given twice the later one counts.
std::vector<Setting> command_line_settings(const std::vector<std::string>& words, std::vector<Mistake>& mistakes);

// The content of a config file. Throws ConfigError; a file that is not there is answered with the nearest YAML file in
// its folder.
std::string read_config_file(const std::filesystem::path& path);

}  // namespace convoy
