// The kinds of datasets there are, and opening a folder as the kind that its manifest names.
//
// A kind says how samples are made of stored rows. To add one: a class derived from Dataset, and a line in kinds.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/dataset.h"
#include "datasets/array_samples.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

struct DatasetKind {
  std::string_view name;     // "kind" of the manifest
  std::string_view meaning;  // of a sample
  std::string_view unit;     // of stored rows: "tokens", "samples"
  // Throws DataError.
  std::unique_ptr<Dataset> (*open)(const std::filesystem::path& folder, DatasetManifest manifest,
                                   const DatasetNeeds& needs);
  // What `data inspect` shows of it beside fields, shards and statistics; null: nothing. Throws DataError.
  std::string (*excerpt)(const std::filesystem::path& folder, const DatasetManifest& manifest) = nullptr;
  // Balance of classes and the first samples, for a terminal; null: the excerpt is all. Throws DataError.
  std::string (*samples)(const std::filesystem::path& folder, const DatasetManifest& manifest,
                         const SampleView& view) = nullptr;
  // Adds what is wrong with it beside its shards; null: nothing can be.
  void (*verify)(const std::filesystem::path& folder, const DatasetManifest& manifest,
                 std::vector<std::string>& damages) = nullptr;
};

std::span<const DatasetKind> dataset_kinds();

// Throws DataError, naming the folder, if the manifest's kind is none of these.
const DatasetKind& find_dataset_kind(const std::filesystem::path& folder, const DatasetManifest& manifest,
                                     std::span<const DatasetKind> kinds = dataset_kinds());

// Collective over needs.ranks, where there are any: rank 0 reads the manifest, and no shard is opened before something
// of it is read, but for those of which a kind must know what no manifest tells: each by one rank. Throws DataError.
std::unique_ptr<Dataset> open_dataset(const std::filesystem::path& folder, const DatasetNeeds& needs,
                                      std::span<const DatasetKind> kinds = dataset_kinds());

}  // namespace convoy
