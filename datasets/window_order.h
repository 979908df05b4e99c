// Which T + 1 tokens of which shard are sample i: the whole of the data order, free of any file.
//
// Windows lie at a stride of T and never cross shards: a window's last target is the next one's first token. In
// training each epoch shifts the grid of every shard by an offset of its own and permutes the windows, so that no epoch
// sees the cuts of another. Windows of other splits stay put; their order strides through the split by the golden
// ratio, so that the first k samples are evenly spread over it for any k.
#pragma once

#include <cstdint>
#include <vector>

#include "core/data/batch_source.h"

namespace convoy {

struct Window {
  size_t shard = 0;
  int64_t begin = 0;  // tokens [begin, begin + T] of the shard
  bool operator==(const Window&) const = default;
};

// Windows of an epoch in shards of so many tokens.
int64_t count_windows(Split split, const std::vector<int64_t>& shard_tokens, int64_t T);

class WindowOrder {
 public:
  // shard_tokens: of each shard of the split.
  WindowOrder(Split split, std::vector<int64_t> shard_tokens, int64_t T, uint64_t seed);

  // Windows of an epoch; 0 if no shard holds T + 1 tokens.
  int64_t samples() const { return first_.back(); }
  // Sample >= 0, beyond samples() in the next epochs; samples() must not be 0.
  Window operator[](int64_t sample) const;

 private:
  Window locate(int64_t window) const;
  int64_t training_offset(size_t shard, uint64_t epoch) const;

  Split split_;
  std::vector<int64_t> shard_tokens_;
  int64_t T_;
  uint64_t seed_;
  std::vector<int64_t> first_;  // by shard: the number of its first window; at the end, of all windows
  int64_t even_stride_ = 1;     // coprime to samples()
};

}  // namespace convoy
