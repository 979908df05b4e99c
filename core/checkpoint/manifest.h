// manifest.json of a checkpoint, and the receipts from which rank 0 makes it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

inline constexpr int kManifestVersion = 2;
inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kWeightsName = "model.safetensors";

struct OptimizerPart {
  std::string file;
  int64_t begin = 0, end = 0;
  int64_t offset = 0;  // of the range in the file's tensors
};

struct OptimizerRecord {
  int64_t total = 0;
  bool has_master = false;
  std::vector<OptimizerPart> parts;  // in order; they cover [0, total) exactly
};

struct Manifest {
  TrainingPosition position;
  OptimizerRecord optimizer;
  std::map<std::string, WrittenFile> files;  // by name, without the manifest
};

// What one rank wrote, or why it could not.
struct Receipt {
  std::string failure;
  std::map<std::string, WrittenFile> files;
  OptimizerRecord optimizer;  // this rank's parts only
};

// The text ends with its own checksum, so that a flipped byte anywhere in it is found.
std::string manifest_text(const Manifest& manifest);
// Throws CheckpointError that says what is wrong, without the file's name.
Manifest parse_manifest(std::string_view text);

std::string receipt_text(const Receipt& receipt);
Receipt parse_receipt(std::string_view text);

// All ranks' receipts, in rank order. Throws CheckpointError if one tells of a failure or if their ranges of optimizer
// state do not cover all of it exactly.
Manifest merge(const TrainingPosition& position, const std::vector<Receipt>& receipts);

}  // namespace convoy
