// The shards of a split, each opened when something of it is first asked for.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "datasets/array_shard.h"
#include "datasets/dataset_manifest.h"
#include "datasets/verified_blocks.h"

namespace convoy {

class Shards {
 public:
  // The manifest outlives this. cache: as of ArrayShard. verified: shared marks; null: each shard has its own.
  Shards(std::filesystem::path folder, const DatasetManifest& manifest, Split split,
         std::shared_ptr<BandCache> cache = nullptr, const VerifiedBlocks* verified = nullptr);

  size_t size() const { return entries_->size(); }
  int64_t rows(size_t shard) const { return (*entries_)[shard].rows; }
  const ShardEntry& entry(size_t shard) const { return (*entries_)[shard]; }
  // Opened if it is not yet. Throws DataError as ArrayShard does. From any thread.
  const ArrayShard& operator[](size_t shard) const;

 private:
  struct Opened {
    std::atomic<const ArrayShard*> shard = nullptr;
    std::unique_ptr<const ArrayShard> owned;
  };

  std::filesystem::path folder_;
  const DatasetManifest* manifest_;
  const std::vector<ShardEntry>* entries_;
  Split split_;
  std::shared_ptr<BandCache> cache_;
  const VerifiedBlocks* verified_;
  std::unique_ptr<Opened[]> opened_;     // by shard
  std::unique_ptr<std::mutex> opening_;  // one at a time
};

// Opens all shards: they are then what the manifest says. Throws DataError.
void open_every_shard(const std::filesystem::path& folder, const DatasetManifest& manifest);

// What has to be read of many shards before anything can begin: each of the ranks reads some of them, all learn of all.
// read: a shard's, as bytes. Collective; ranks null: this process reads all. Throws on every rank what it threw on one.
std::vector<std::string> read_of_each_shard(size_t shards, Communicator* ranks,
                                            const std::function<std::string(size_t)>& read);

// Throws DataError that names a shard that the folder does not have. One look at the folder, by rank 0 for all of the
// ranks. Collective; ranks null: this process looks.
void require_shards_there(const std::filesystem::path& folder, const DatasetManifest& manifest, Communicator* ranks);

}  // namespace convoy
