// manifest.json of a checkpoint, and the receipts from which rank 0 makes it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

inline constexpr int kManifestVersion = 3;
inline constexpr int kOldestManifestVersion = 2;  // that can be read: AdamW's m and v of a single group
inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kWeightsName = "model.safetensors";
inline constexpr const char* kAverageName = "ema.safetensors";

struct OptimizerPart {
  std::string file;
  int64_t begin = 0, end = 0;
  int64_t offset = 0;  // of the range in the file's tensors
};

struct GroupRecord {
  std::string name;
  int64_t total = 0;
  std::vector<std::string> states;
  std::vector<OptimizerPart> parts;  // in order; they cover [0, total) exactly
  // Of a state of this group in a part's file.
  std::string tensor(const std::string& state) const { return name.empty() ? state : name + "/" + state; }
};

struct OptimizerRecord {
  std::string name;
  std::vector<GroupRecord> groups;
};

struct Manifest {
  int version = kManifestVersion;
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
