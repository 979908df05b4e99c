// A model of the family llama as a GGUF file has it: the way back of peer_config.h and peer_model.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/models/llama.h"
#include "datasets/gguf/gguf_writer.h"
#include "datasets/gguf/peer_config.h"

namespace convoy {

struct GgufModel {
  const PeerArchitecture* architecture = nullptr;
  LlamaConfig config;
  GgufValues values;               // but for the tokenizer's
  std::vector<std::string> notes;  // what whoever reads the file should know
};

// type: of the matrices. Throws ConfigError that says what GGUF files cannot say of this model.
GgufModel gguf_model(const LlamaConfig& config, const BlockType& type);

// The weights of a model.safetensors of it. Vectors are f32, matrices of `type`; the token embedding and the head are
// q8_0 where it is smaller; rows that blocks do not divide are f16, which is told in model.notes. Throws
// CheckpointError: a file that is no such model's.
std::vector<GgufOutputTensor> gguf_tensors(const std::filesystem::path& weights, const BlockType& type,
                                           GgufModel& model);

}  // namespace convoy
