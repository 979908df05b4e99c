// Which blocks of a dataset's shards have been checked and found good: by this process, or by any rank of its machine.
//
// Ranks of a machine read the same pages, so what one has found good the others need not read again. A shard's marks
// count only for those who have opened the very file of whoever marked first: its number, size and time of change tell.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/comm/machine_memory.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// Of one shard's blocks, all fields' one after the other. Thread safe.
class BlockMarks {
 public:
  // Of this process alone.
  explicit BlockMarks(int64_t blocks);
  // In that memory, which begins with zeros: (blocks + 63) / 64 words behind the file's one.
  BlockMarks(std::shared_ptr<const MachineMemory> memory, int64_t first_word, int64_t blocks);

  static int64_t words_for(int64_t blocks) { return 1 + (blocks + 63) / 64; }

  // file: of which the marks are to be, any number but 0. Marks of another file are left alone: this process then has
  // its own.
  void use_for(uint64_t file);
  bool is_good(int64_t block) const {
    return (word_of(block).load(std::memory_order_relaxed) >> (block % 64) & 1) != 0;
  }
  void set_good(int64_t block) const {
    word_of(block).fetch_or(uint64_t{1} << (block % 64), std::memory_order_relaxed);
  }

 private:
  using Word = std::atomic<uint64_t>;
  static_assert(Word::is_always_lock_free && sizeof(Word) == sizeof(uint64_t));
  Word& word_of(int64_t block) const { return words_[1 + block / 64]; }

  std::shared_ptr<const MachineMemory> memory_;
  Word* words_;
  int64_t blocks_;
};

// Bytes of a field of that shard, and the blocks in which they are checked when a sample is read.
int64_t bytes_of(const ShardEntry& shard, const StoredField& field);
int64_t check_bytes_of(const ShardEntry& shard, const DatasetManifest& manifest);
int64_t checked_blocks_of(const ShardEntry& shard, const DatasetManifest& manifest);

// Where a shard's blocks are remembered.
struct BlockRange {
  int64_t first_word = 0, blocks = 0;
};

// Of the memory in which a machine remembers them.
size_t marks_bytes(const DatasetManifest& manifest);

class VerifiedBlocks {
 public:
  // Collective over the ranks, those of a machine share; null: this process alone. A bit a block.
  VerifiedBlocks(const DatasetManifest& manifest, Communicator* ranks);
  BlockMarks of(Split split, size_t shard) const;

 private:
  std::vector<std::vector<BlockRange>> ranges_;  // by Split, by shard
  std::shared_ptr<const MachineMemory> memory_;
};

}  // namespace convoy
