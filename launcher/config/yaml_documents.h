// YAML text to documents, for any text.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

namespace convoy {

// As YAML::LoadAll, which makes documents without end, until memory is used up, of a text such as ",". Throws
// YAML::Exception.
std::vector<YAML::Node> yaml_documents(const std::string& text);

}  // namespace convoy
