// A model as a peer left it: what `trainer import` reads, whatever kind of file it lies in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor/dtype.h"
#include "core/tensor/shape.h"

namespace convoy {

struct SourceTensor {
  std::string name;  // as in model.safetensors of a Hugging Face folder
  DType dtype = DType::f32;
  Shape shape;
  // Writes rows [first, first + count) of the outermost extent to `out`.
  std::function<void(int64_t first, int64_t count, void* out)> rows;
};

struct ModelSource {
  std::string name;                          // for messages
  std::string config_json;                   // Hugging Face's
  std::vector<SourceTensor> tensors;         // of as many files as there are
  std::map<std::string, std::string> files;  // that are kept beside the weights: tokenizer, chat template
  std::filesystem::path whole_file;          // holds all of the tensors as they are to be written; empty: there is none
  std::shared_ptr<void> memory;              // what `rows` reads from
};

// A GGUF file, whose numbers become `dtype`: f32 or bf16. Throws CheckpointError.
ModelSource open_gguf(const std::filesystem::path& file, DType dtype);

// A folder with config.json and model.safetensors, or model.safetensors.index.json and the files that it names.
// Throws CheckpointError.
ModelSource open_huggingface(const std::filesystem::path& folder);

}  // namespace convoy
