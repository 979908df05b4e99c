// The JSON header of a safetensors file, to text and back.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace convoy {

// The header with padding, for tensors in the order of the file; offsets count from the end of the header.
std::string safetensors_header(const std::vector<NamedTensor>& tensors,
                               const std::map<std::string, std::string>& metadata);

struct SafetensorsHeader {
  std::map<std::string, SafetensorsReader::Entry> entries;  // begin and end count from the end of the header
  std::map<std::string, std::string> metadata;
};

// Each entry's bytes agree with its shape and dtype; where they lie is not checked here.
// Throws CheckpointError that says what is wrong, without the file's name.
SafetensorsHeader parse_safetensors_header(std::string_view text);

}  // namespace convoy
