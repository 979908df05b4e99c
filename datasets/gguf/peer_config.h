// Hugging Face's config.json from what a GGUF file says of its model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "datasets/gguf/gguf_file.h"

namespace convoy {

struct PeerArchitecture {
  std::string_view gguf, model_type, class_name;
  bool pairs = false;         // rows of q and k come in pairs
  bool qkv_bias = false;      // told by the folder's class, not by a key
  bool norms_behind = false;  // GLM-4's
};

// By GGUF's name; null: not known.
const PeerArchitecture* find_peer_architecture(std::string_view gguf);
// Throws CheckpointError that names the known ones.
const PeerArchitecture& peer_architecture(const GgufFile& file);

nlohmann::ordered_json peer_config(const GgufFile& file, const PeerArchitecture& architecture,
                                   const std::string& dtype);

}  // namespace convoy
