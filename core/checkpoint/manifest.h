// manifest.json of a checkpoint.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace convoy {

inline constexpr int kManifestVersion = 4;
// Older ones that can be read: 2 of AdamW's m and v of a single group, 3 with a file for each rank and a list of its
// parts.
inline constexpr int kOldestManifestVersion = 2;
inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kWeightsName = "model.safetensors";
inline constexpr const char* kAverageName = "ema.safetensors";
inline constexpr const char* kAverageIndexName = "ema.safetensors.index.json";

struct OptimizerPart {
  std::string file;
  int64_t begin = 0, end = 0;
  int64_t offset = 0;  // of the range in the file's tensors
};

struct GroupRecord {
  std::string name;
  int64_t total = 0;
  std::vector<std::string> states;
  // StateShard's; each holder's `elements` lie one behind the other in the tensors of its file.
  int64_t elements = 0;
  std::vector<Bucket> cuts;
  std::map<std::string, std::string> sums;  // BlockSum of each state
  std::vector<OptimizerPart> parts;         // version 2 and 3, instead of the above: in order, they cover [0, total)
  // Of a state of this group in a file.
  std::string tensor(const std::string& state) const { return name.empty() ? state : name + "/" + state; }
};

struct OptimizerRecord {
  std::string name;
  int ranks_per_file = 1;
  std::vector<int> ranks;  // that hold shards, by their place in the order of shards
  std::vector<GroupRecord> groups;

  // Holders whose parts are in the file of this number, and the file's name.
  int holders_in(int file) const;
  int files() const;
  std::string file_name(int file) const;
  // The part that has this element of the group.
  OptimizerPart part_with(const GroupRecord& group, int64_t element) const;
  // Whether a part of any group has an element at all: the one at that place, or a rank's.
  bool has_elements_at(int64_t place) const;
  bool has_elements(int rank) const;
};

struct Manifest {
  int version = kManifestVersion;
  TrainingPosition position;
  OptimizerRecord optimizer;
  std::map<std::string, WrittenFile> files;        // by name, without the manifest
  std::map<std::string, std::string> weight_sums;  // SummedWeights
};

// The text ends with its own checksum, so that a flipped byte anywhere in it is found.
std::string manifest_text(const Manifest& manifest);
// Throws CheckpointError that says what is wrong, without the file's name.
Manifest parse_manifest(std::string_view text);

}  // namespace convoy
