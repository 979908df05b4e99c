// A GGUF file's model as the Hugging Face folder that it was made of: config.json, names and layout of the weights.
//
// Known are the architectures llama (Mistral's models too), qwen2, qwen3 and glm4. llama's rows of q and k come in the
// other order: pairs that are rotated together are neighbours in GGUF, half a head apart in the folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/gguf/gguf_file.h"

namespace convoy {

struct PeerTensor {
  std::string name;  // in model.safetensors
  const GgufTensor* tensor = nullptr;
  int64_t heads = 0;  // above 0: the rows of so many heads come in pairs
};

struct PeerModel {
  std::string config;               // JSON
  std::vector<PeerTensor> tensors;  // every weight of the model
};

// dtype: "float32" or "bfloat16", what the weights will be stored as. Throws CheckpointError: an architecture or a kind
// of rotary scaling that is not known, a tensor that nothing stands for, one of another shape or one that is not there.
PeerModel peer_model(const GgufFile& file, const std::string& dtype);

// Rows [first, first + count) of a tensor as the folder has them, of those that GgufTensor::rows() counts.
void read_peer_rows(const GgufFile& file, const PeerTensor& tensor, int64_t first, int64_t count, float* out);

}  // namespace convoy
