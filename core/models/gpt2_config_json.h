// config.json by which Hugging Face's GPT2LMHeadModel reads a checkpoint's model.safetensors.
#pragma once

#include <cstdint>
#include <string>

#include "core/models/gpt2.h"

namespace convoy {

// end_of_text: token, -1: none.
std::string gpt2_config_json(const Gpt2Config& model, int32_t end_of_text);

}  // namespace convoy
