// Who owns which part of the flat parameters: ZeRO, Rajbhandari et al., arXiv:1910.02054.
//
// Flat storage is cut into buckets, which communication handles as one, and each bucket into one shard per rank,
// equally long. From stage 1 on a rank keeps optimizer state for its shards alone, compactly: one shard behind the
// other, in the order of buckets(). Stage 2 keeps their gradients alone too, stage 3 their weights.
//
// Shards begin at multiples of kSumSquaresBlock, so that the gradient norm has the same bits for any number of ranks.
#pragma once

#include <cstdint>
#include <vector>

#include "core/parameters/parameter_layout.h"

namespace convoy {

struct Bucket {
  int64_t begin = 0, end = 0;  // elements of flat storage
  int64_t shard = 0;           // elements of every rank's shard; the last ones may reach beyond the end
  int64_t offset = 0;          // of a rank's shard in its compact storage
  int64_t elements() const { return end - begin; }
};

// Gradients of buckets that have memory of their own share it: a bucket's is used for something else once compute has
// waited for its reduction, which it does before it goes on from the end of the bucket this many after it.
inline constexpr int kReductionsUnderWay = 2;

// A range of flat storage and where compact storage has it.
struct OwnedRange {
  int64_t begin = 0, end = 0;
  int64_t offset = 0;
  int64_t elements() const { return end - begin; }
};

struct ShardingOptions {
  int64_t stage = 0;
  int rank = 0, ranks = 1;
  int64_t bucket_bytes = 26214400;  // of f32 gradients
  // A rank adds the gradients of several passes before they are reduced. It then needs all of them at once, and stage 2
  // keeps them as stage 1 does.
  bool accumulates = false;
  bool whole_parameters = false;  // no parameter may lie in two buckets, whatever the stage
};

// What splits evenly over the ranks is a multiple of this many elements: flat storage, and buckets that are cut evenly.
int64_t layout_unit(const ShardingOptions& options);

// Buckets of at most bucket_bytes (and at least one unit), descending, as backward finishes them. Each splits evenly
// over the ranks if `elements` is a multiple of the unit; the last, which ends at element 0, has what is left.
std::vector<Bucket> cut_evenly(int64_t elements, const ShardingOptions& options);

// Buckets that begin where a group of the layout begins, so that no parameter lies in two: runs of groups of at most
// bucket_bytes, or one larger group. Descending. The last shards may reach beyond a bucket's end.
std::vector<Bucket> cut_between_groups(const ParameterLayout& layout, int64_t bucket_bytes, int ranks);

class Sharding {
 public:
  Sharding(const ParameterLayout& layout, const ShardingOptions& options);

  int rank() const { return options_.rank; }
  int ranks() const { return options_.ranks; }
  bool shards_optimizer() const { return stage_ >= 1; }
  bool shards_gradients() const { return stage_ >= 2 && !options_.accumulates; }
  bool shards_weights() const { return stage_ >= 3; }
  // No parameter lies in two buckets; the last shards may reach beyond a bucket's end.
  bool cuts_between_groups() const {
    return shards_gradients() || shards_weights() || (shards_optimizer() && options_.whole_parameters);
  }

  const std::vector<Bucket>& buckets() const { return buckets_; }
  // The bucket in which a flat element lies.
  int bucket_of(int64_t element) const;
  // What this rank updates, in the order of buckets(); all of it without sharding.
  const std::vector<OwnedRange>& owned() const { return owned_; }
  // The length of compact storage, the same on every rank.
  int64_t compact_elements() const { return compact_elements_; }

 private:
  ShardingOptions options_;
  int64_t stage_ = 0;  // 0 for one rank
  std::vector<Bucket> buckets_;
  std::vector<OwnedRange> owned_;
  int64_t compact_elements_ = 0;
};

}  // namespace convoy
