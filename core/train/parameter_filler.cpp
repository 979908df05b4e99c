#include "core/train/parameter_filler.h"

#include <algorithm>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/integers.h"
#include "core/ops/optimizer_update.h"
#include "core/parameters/state_names.h"
#include "core/parameters/upload.h"

namespace convoy {
namespace {

constexpr int64_t kPiece = 1 << 20;  // elements on the host at once
// Of each rank, that are brought together at once at the least: where the arena has not as many, more is allocated.
constexpr int64_t kLeastShared = 1024;

bool is_sharded(const ParameterStorage& storage) {
  return storage.is_trained() && storage.sharding().shards_optimizer();
}

// Of whole blocks, so that what is read can be summed (core/base/checksum.h).
int64_t even_share(int64_t elements, int ranks) {
  return round_up(ceil_div(elements, int64_t{ranks}), BlockSum::kBlock);
}

}  // namespace

void ParameterFiller::fill(const ParameterStorage& storage, const std::vector<Target>& targets, const Values& values) {
  const int64_t elements = storage.layout().elements();
  std::vector<OwnedRange> mine;
  if (is_sharded(storage)) {
    mine = storage.owned();
  } else {
    const int64_t share = even_share(elements, communication_.group().size());
    const int64_t begin = std::min(share * communication_.group().place(), elements);
    mine = {{begin, std::min(begin + share, elements), begin}};
  }
  Upload upload(communication_.device(), communication_.compute(), kPiece);
  std::vector<float> piece(static_cast<size_t>(std::min(kPiece, elements)));
  for (const OwnedRange& range : mine)
    for (int64_t begin = range.begin; begin < std::min(range.end, elements); begin += kPiece) {
      const int64_t end = std::min({begin + kPiece, range.end, elements});
      values(begin, end, piece.data());
      for (const Target& target : targets)
        upload.put(target.tensor.range(target.compact ? range.offset + begin - range.begin : begin, end - begin),
                   piece.data());
    }
}

void ParameterFiller::weights(const ParameterStorage& storage, const Values& values, bool averages_too) {
  std::vector<Target> targets;
  if (storage.weights()) targets.push_back({storage.weights(), false});
  if (storage.weight_shards()) targets.push_back({storage.weight_shards(), true});
  if (storage.master()) targets.push_back({storage.master(), true});
  const bool averages = averages_too && std::ranges::count(storage.states(), kAverageState) > 0;
  if (averages) targets.push_back({storage.state(kAverageState), true});
  fill(storage, targets, values);
  if (is_sharded(storage)) {
    if (storage.weights())
      for (const Bucket& bucket : storage.sharding().buckets())
        shared_.push_back({storage.weights(), bucket.begin, bucket.end, bucket.shard});
    return;
  }
  for (const Target& target : targets) share_evenly(storage, target.tensor);
}

void ParameterFiller::state(const ParameterStorage& storage, const std::string& name, const Values& values) {
  fill(storage, {{storage.state(name), true}}, values);
  if (!is_sharded(storage)) share_evenly(storage, storage.state(name));
}

void ParameterFiller::zero_state(const ParameterStorage& storage, const std::string& name) {
  const Tensor state = storage.state(name);
  communication_.compute().zero(state.data, state.bytes());
}

void ParameterFiller::share_evenly(const ParameterStorage& storage, const Tensor& flat) {
  const int64_t elements = storage.layout().elements();
  shared_.push_back({flat, 0, elements, even_share(elements, communication_.group().size())});
}

void ParameterFiller::share() {
  const std::vector<Shared> shared = std::exchange(shared_, {});
  if (communication_.group().size() == 1 || shared.empty()) return;
  const int64_t least = kLeastShared * communication_.group().size() * static_cast<int64_t>(sizeof(float));
  Memory more;
  Tensor staging = arena_;
  if (static_cast<int64_t>(staging.bytes()) < least) {
    more = communication_.device().allocate(static_cast<size_t>(least));
    staging = {more.data(), DType::u8, {least}};
  }
  communication_.follow_compute();
  communication_.group().label(-1, "parameters to begin with");
  for (const Shared& of : shared) bring_together(of, staging);
  communication_.await_all();
  communication_.compute().synchronize();
  communication_.take_exposed_ms();  // of no step
}

// As much of every rank's part at a time as the staging holds.
void ParameterFiller::bring_together(const Shared& shared, const Tensor& staging) {
  const LeveledGroup& group = communication_.group();
  Stream& stream = communication_.stream();
  const Tensor& flat = shared.flat;
  const auto room = static_cast<int64_t>(staging.bytes() / size_of(flat.dtype));
  const int64_t at_once = std::min(room / group.size() / kParameterBlock * kParameterBlock, shared.shard);
  for (int64_t at = 0; at < shared.shard; at += at_once) {
    const int64_t n = std::min(at_once, shared.shard - at);
    const Tensor all{staging.data, flat.dtype, {n * group.size()}};
    const auto part_of = [&](int64_t rank) {
      const int64_t begin = std::min(shared.begin + rank * shared.shard + at, shared.end);
      return flat.range(begin, std::min(n, shared.end - begin));
    };
    const Tensor mine = all.range(group.place() * n, n), part = part_of(group.place());
    if (part.elements() < n) stream.zero(mine.data, mine.bytes());
    if (part.elements() > 0) stream.copy(mine.data, part.data, part.bytes());
    group.all_gather(stream, all, mine);
    for (int64_t rank = 0; rank < group.size(); ++rank)
      if (const Tensor to = part_of(rank); rank != group.place() && to.elements() > 0)
        stream.copy(to.data, all.range(rank * n, n).data, to.bytes());
  }
}

}  // namespace convoy
