// How rank 0 tells the others what a dataset holds: the manifest without its checksums, as text, and these as they are.
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/comm/communicator.h"
#include "datasets/dataset_manifest.h"
#include "datasets/work_on_data.h"

namespace convoy {
namespace {

using Checksums = std::vector<std::vector<uint64_t>>;

template <class Visit>
void for_each_shard(DatasetManifest& manifest, const Visit& visit) {
  for (SplitEntry& split : manifest.splits)
    for (ShardEntry& shard : split.shards) visit(shard);
}

void put(std::string& to, const uint64_t* values, size_t count) {
  to.append(reinterpret_cast<const char*>(values), count * sizeof *values);
}

// Of every shard the number of its fields that have checksums, of each the number of these, and then they themselves.
std::string packed_checksums(DatasetManifest& manifest) {
  std::string bytes;
  for_each_shard(manifest, [&](const ShardEntry& shard) {
    const uint64_t fields = shard.checksums.size();
    put(bytes, &fields, 1);
    for (const auto& of_field : shard.checksums) {
      const uint64_t count = of_field.size();
      put(bytes, &count, 1);
      put(bytes, of_field.data(), count);
    }
  });
  return bytes;
}

void unpack_checksums(const std::string& bytes, DatasetManifest& manifest) {
  size_t at = 0;
  const auto take = [&](uint64_t* values, size_t count) {
    std::memcpy(values, bytes.data() + at, count * sizeof *values);
    at += count * sizeof *values;
  };
  for_each_shard(manifest, [&](ShardEntry& shard) {
    uint64_t fields = 0;
    take(&fields, 1);
    shard.checksums.resize(fields);
    for (auto& of_field : shard.checksums) {
      uint64_t count = 0;
      take(&count, 1);
      of_field.resize(count);
      take(of_field.data(), count);
    }
  });
}

struct Index {
  std::string text, checksums;
};

Index index_of(DatasetManifest manifest) {
  Index index;
  index.checksums = packed_checksums(manifest);
  for_each_shard(manifest, [](ShardEntry& shard) { shard.checksums.clear(); });
  index.text = manifest_text(manifest);
  return index;
}

}  // namespace

size_t index_bytes(const DatasetManifest& manifest) {
  const Index index = index_of(manifest);
  return index.text.size() + index.checksums.size();
}

DatasetManifest read_dataset_manifest(const std::filesystem::path& folder, Communicator& ranks) {
  DatasetManifest manifest;
  Index index;
  work_on_data(ranks, fmt::format("reading {}", (folder / kDatasetManifestName).string()), [&] {
    if (ranks.rank() != 0) return;
    manifest = read_dataset_manifest(folder);
    index = index_of(manifest);
  });
  index.text = ranks.broadcast_text(std::move(index.text), 0);
  index.checksums = ranks.broadcast_text(std::move(index.checksums), 0);
  if (ranks.rank() == 0) return manifest;
  manifest = manifest_from_text(index.text, folder / kDatasetManifestName);
  unpack_checksums(index.checksums, manifest);
  return manifest;
}

}  // namespace convoy
