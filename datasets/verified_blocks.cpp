#include "datasets/verified_blocks.h"

#include <utility>

#include "core/base/integers.h"
#include "core/comm/communicator.h"

namespace convoy {

BlockMarks::BlockMarks(int64_t blocks)
    : BlockMarks(std::make_shared<MachineMemory>(static_cast<size_t>(words_for(blocks)) * sizeof(Word)), 0, blocks) {}

BlockMarks::BlockMarks(std::shared_ptr<const MachineMemory> memory, int64_t first_word, int64_t blocks)
    : memory_(std::move(memory)), words_(reinterpret_cast<Word*>(memory_->data()) + first_word), blocks_(blocks) {}

void BlockMarks::use_for(uint64_t file) {
  uint64_t marked = 0;
  if (!words_[0].compare_exchange_strong(marked, file) && marked != file) *this = BlockMarks(blocks_);
}

int64_t bytes_of(const ShardEntry& shard, const StoredField& field) { return shard.rows * field.row_bytes(); }

int64_t check_bytes_of(const ShardEntry& shard, const DatasetManifest& manifest) {
  return shard.checks.empty() ? manifest.block_bytes : kCheckBytes;
}

int64_t checked_blocks_of(const ShardEntry& shard, const DatasetManifest& manifest) {
  int64_t blocks = 0;
  for (const StoredField& field : manifest.fields)
    blocks += ceil_div(bytes_of(shard, field), check_bytes_of(shard, manifest));
  return blocks;
}

namespace {

struct MarksLayout {
  std::vector<std::vector<BlockRange>> ranges;
  int64_t words = 0;
  size_t bytes() const { return static_cast<size_t>(words) * sizeof(uint64_t); }
};

MarksLayout layout_of(const DatasetManifest& manifest) {
  MarksLayout layout;
  for (const SplitEntry& split : manifest.splits) {
    layout.ranges.emplace_back();
    for (const ShardEntry& shard : split.shards) {
      const int64_t blocks = checked_blocks_of(shard, manifest);
      layout.ranges.back().push_back({layout.words, blocks});
      layout.words += BlockMarks::words_for(blocks);
    }
  }
  return layout;
}

}  // namespace

size_t marks_bytes(const DatasetManifest& manifest) { return layout_of(manifest).bytes(); }

VerifiedBlocks::VerifiedBlocks(const DatasetManifest& manifest, Communicator* ranks) {
  MarksLayout layout = layout_of(manifest);
  const size_t bytes = layout.bytes();
  ranges_ = std::move(layout.ranges);
  memory_ = ranks == nullptr ? std::make_shared<const MachineMemory>(bytes)
                             : std::make_shared<const MachineMemory>(*ranks->machine_ranks(), bytes);
}

BlockMarks VerifiedBlocks::of(Split split, size_t shard) const {
  const BlockRange& range = ranges_[static_cast<size_t>(split)][shard];
  return {memory_, range.first_word, range.blocks};
}

}  // namespace convoy
