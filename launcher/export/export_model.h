// `trainer export`: a checkpoint as the rest of the world reads it, a Hugging Face folder or a GGUF file, with
// its adapter merged where it has one, or the adapter alone as PEFT has it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launcher/model_files.h"
#include "launcher/trained_model.h"

namespace convoy {

struct ModelExport {
  std::filesystem::path run, out;
  std::string format;  // "huggingface", "gguf", "peft"
  std::string type;    // of a GGUF file's matrices: f32, f16, bf16, q8_0, q4_0; empty: as the weights are
  CheckpointOfRun which = CheckpointOfRun::newest;
};

struct ExportedModel {
  std::string description;
  std::vector<std::string> notes;
};

// Leaves OUT whole or not at all. Throws CheckpointError: the run; ConfigError: OUT is there already, or the format
// cannot say what the model is.
ExportedModel export_model(const ModelExport& request, const ModelProgress& progress);

}  // namespace convoy
