// `trainer import`: a peer's model becomes a model folder, which every command takes that takes a checkpoint.
//
//   OUT/model.safetensors   the weights under the family's names, in the dtype of the source
//   OUT/config.json         the peer's
//   OUT/config.yaml         model: the family and its sizes
//   OUT/tokenizer.json ...  and what else belongs to the tokenizer
//   OUT/manifest.json       checksums: a checkpoint of step 0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/tensor/dtype.h"
#include "launcher/model_files.h"

namespace convoy {

struct ModelImport {
  std::filesystem::path source, out;
  DType dtype = DType::f32;  // of numbers from GGUF
};

struct ImportedModel {
  std::string description;  // "llama, 30 layers, ..., 134.5M parameters"
  std::vector<std::string> notes;
};

// Leaves OUT whole or not at all. Throws CheckpointError: the source; ConfigError: OUT is there already.
ImportedModel import_model(const ModelImport& request, const ModelProgress& progress);

}  // namespace convoy
