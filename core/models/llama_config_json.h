// config.json by which Hugging Face's models of the family read a checkpoint's model.safetensors, and the way back.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/models/llama.h"

namespace convoy {

// end_of_text: token, -1: none. Empty if no model there computes the same.
std::string llama_config_json(const LlamaConfig& model, int32_t end_of_text);

// "llama", "mistral", "qwen2", "qwen3", "glm", "glm4": model_type of config.json; LlamaKind::none for others.
LlamaKind llama_kind_named(const std::string& model_type);

// Of such a config.json. Throws CheckpointError that says what it asks for that is not computed here, or lacks.
LlamaConfig llama_from_config_json(LlamaKind kind, const nlohmann::json& json);

}  // namespace convoy
