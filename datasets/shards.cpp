#include "datasets/shards.h"

#include <fmt/format.h>

#include <set>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "datasets/files/data_errors.h"
#include "datasets/work_on_data.h"

namespace convoy {
namespace {

void require_all_there(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  std::set<std::string> there;
  as_data_error([&] {
    for (const auto& file : std::filesystem::directory_iterator(folder)) there.insert(file.path().filename().string());
  });
  for (const SplitEntry& split : manifest.splits)
    for (const ShardEntry& shard : split.shards) {
      const bool elsewhere = shard.file.find('/') != std::string::npos;  // written by hand: seen when it is opened
      if (!elsewhere && !there.contains(shard.file))
        throw DataError(fmt::format("{}: the file is missing; {}", (folder / shard.file).string(), kImportAgain));
    }
}

}  // namespace

Shards::Shards(std::filesystem::path folder, const DatasetManifest& manifest, Split split,
               std::shared_ptr<BandCache> cache, const VerifiedBlocks* verified)
    : folder_(std::move(folder)),
      manifest_(&manifest),
      entries_(&manifest.split(split).shards),
      split_(split),
      cache_(std::move(cache)),
      verified_(verified),
      opened_(std::make_unique<Opened[]>(entries_->size())),
      opening_(std::make_unique<std::mutex>()) {}

const ArrayShard& Shards::operator[](size_t shard) const {
  Opened& opened = opened_[shard];
  if (const ArrayShard* there = opened.shard.load(std::memory_order_acquire)) return *there;
  const std::lock_guard lock(*opening_);
  if (!opened.owned) {
    std::optional<BlockMarks> marks;
    if (verified_ != nullptr) marks = verified_->of(split_, shard);
    opened.owned =
        std::make_unique<const ArrayShard>(folder_, *manifest_, (*entries_)[shard], cache_, std::move(marks));
    opened.shard.store(opened.owned.get(), std::memory_order_release);
  }
  return *opened.owned;
}

void open_every_shard(const std::filesystem::path& folder, const DatasetManifest& manifest) {
  for (const SplitEntry& split : manifest.splits)
    for (const ShardEntry& shard : split.shards) ArrayShard(folder, manifest, shard);
}

std::vector<std::string> read_of_each_shard(size_t shards, Communicator* ranks,
                                            const std::function<std::string(size_t)>& read) {
  std::vector<std::string> texts(shards);
  if (ranks == nullptr) {
    for (size_t shard = 0; shard < shards; ++shard) texts[shard] = read(shard);
    return texts;
  }
  const auto first = static_cast<size_t>(ranks->rank()), step = static_cast<size_t>(ranks->size());
  work_on_data(*ranks, "looking at the shards", [&] {
    for (size_t shard = first; shard < shards; shard += step) texts[shard] = read(shard);
  });
  for (size_t shard = 0; shard < shards; ++shard)
    texts[shard] = ranks->broadcast_text(std::move(texts[shard]), static_cast<int>(shard % step));
  return texts;
}

void require_shards_there(const std::filesystem::path& folder, const DatasetManifest& manifest, Communicator* ranks) {
  if (ranks == nullptr) return require_all_there(folder, manifest);
  work_on_data(*ranks, fmt::format("looking for the shards of {}", folder.string()), [&] {
    if (ranks->rank() == 0) require_all_there(folder, manifest);
  });
}

}  // namespace convoy
