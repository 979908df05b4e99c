// config.json by which Hugging Face's GPT2LMHeadModel reads a checkpoint's model.safetensors.
#pragma once

#include <cstdint>
#include <string>

#include "core/tensor/dtype.h"

namespace convoy {

struct Gpt2Description {
  int64_t layers = 0, heads = 0, channels = 0, context = 0, vocabulary = 0;
  double dropout = 0;
  DType dtype = DType::f32;  // f32 or bf16
  int32_t end_of_text = -1;  // -1: none
};

std::string gpt2_config_json(const Gpt2Description& model);

}  // namespace convoy
