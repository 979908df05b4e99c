// Which row of a split is training sample i: the whole of the order of arrays, free of any file.
//
// Each epoch walks through one keyed permutation of all rows. Rows that lie in compressed blocks would then want a
// whole block decoded for each; where all rows together are too many to be kept decoded, an epoch permutes the blocks,
// takes so many at a time as may be kept, and permutes the rows of each such window. Either is a pure function of
// (seed, epoch, i).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace convoy {

class RowOrder {
 public:
  // block_rows: of blocks that follow each other. window_rows: at most so many rows, of whole blocks but at least one,
  // are permuted at a time; 0: all.
  RowOrder(std::vector<int64_t> block_rows, int64_t window_rows, uint64_t seed);

  int64_t rows() const { return first_.back(); }
  bool has_windows() const { return window_blocks_ > 0; }
  // Sample >= 0; beyond rows() in the next epochs.
  int64_t operator[](int64_t sample) const;
  // Of samples first, first + 1, ...: several times as fast as one by one, where there are no windows.
  void rows_of_samples(int64_t first, std::span<int64_t> rows) const;

  // With windows: the number of the sample's, counted through all epochs, and the blocks of one.
  int64_t window_of(int64_t sample) const;
  std::vector<int64_t> blocks_of(int64_t window) const;
  int64_t first_row(int64_t block) const { return first_[static_cast<size_t>(block)]; }
  int64_t rows_of(int64_t block) const { return first_row(block + 1) - first_row(block); }

 private:
  struct Epoch {
    uint64_t number = 0;
    std::vector<int64_t> blocks;  // as they come
    std::vector<int64_t> first;   // by place: the first sample; at the end, of all
  };
  std::shared_ptr<const Epoch> epoch(uint64_t number) const;
  int64_t blocks() const { return static_cast<int64_t>(first_.size()) - 1; }
  int64_t windows() const;  // of an epoch

  std::vector<int64_t> first_;  // by block: its first row; at the end, of all rows
  int64_t window_blocks_ = 0;   // 0: rows are permuted all at once
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Epoch> last_, before_;  // of the epochs that were asked for last
};

}  // namespace convoy
