#include "core/train/parameter_filler.h"

#include <algorithm>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/integers.h"
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

// What this rank keeps of flat storage, or, where every rank keeps all, its share; offset: in compact storage, or flat.
std::vector<OwnedRange> ParameterFiller::kept_ranges(const ParameterStorage& storage) const {
  const int64_t elements = storage.layout().elements();
  if (!is_sharded(storage)) {
    const int64_t share = even_share(elements, communication_.group().size());
    const int64_t begin = std::min(share * communication_.group().place(), elements);
    return {{begin, std::min(begin + share, elements), begin}};
  }
  std::vector<OwnedRange> kept;
  for (const OwnedRange& range : storage.owned())
    if (range.begin < elements) kept.push_back({range.begin, std::min(range.end, elements), range.offset});
  return kept;
}

void ParameterFiller::fill(const ParameterStorage& storage, const std::vector<Target>& targets, const Values& values) {
  const std::vector<OwnedRange> kept = kept_ranges(storage);
  if (kept.empty()) return;
  const int64_t origin = kept.front().offset, length = kept.back().offset + kept.back().elements() - origin;
  const int64_t share = even_share(length, replicas_ == nullptr ? 1 : replicas_->size());
  const int64_t first = origin + share * (replicas_ == nullptr ? 0 : replicas_->place());
  Upload upload(communication_.device(), communication_.compute(), kPiece);
  std::vector<float> piece(static_cast<size_t>(std::min(kPiece, share)));
  for (const OwnedRange& range : kept) {
    const int64_t flat = range.begin - range.offset, end_of_mine = std::min(first + share + flat, range.end);
    for (int64_t begin = std::max(first + flat, range.begin); begin < end_of_mine; begin += kPiece) {
      const int64_t end = std::min(begin + kPiece, end_of_mine);
      values(begin, end, piece.data());
      for (const Target& target : targets)
        upload.put(target.tensor.range(target.compact ? begin - flat : begin, end - begin), piece.data());
    }
  }
  if (replicas_ == nullptr) return;
  for (const Target& target : targets) {
    DividedValues divided{target.tensor, kept, share};
    for (OwnedRange& range : divided.ranges) {
      if (target.compact) range = {range.offset, range.offset + range.elements(), range.offset};
      range.offset -= origin;
    }
    of_replicas_.push_back(std::move(divided));
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
        of_group_.push_back({storage.weights(), {{bucket.begin, bucket.end, 0}}, bucket.shard});
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
  of_group_.push_back({flat, {{0, elements, 0}}, even_share(elements, communication_.group().size())});
}

void ParameterFiller::share() {
  if (communication_.group().size() == 1) of_group_.clear();
  if (of_group_.empty() && of_replicas_.empty()) return;
  Memory more;
  const Tensor through = staging(more);
  communication_.follow_compute();
  if (replicas_ != nullptr) bring_together(*replicas_, of_replicas_, through);
  if (!of_group_.empty()) bring_together(communication_.group(), of_group_, through);
  communication_.await_all();
  communication_.compute().synchronize();
  communication_.take_exposed_ms();  // of no step
}

Tensor ParameterFiller::staging(Memory& more) const {
  const int most = std::max(communication_.group().size(), replicas_ == nullptr ? 1 : replicas_->size());
  const int64_t least = kLeastShared * most * static_cast<int64_t>(sizeof(float));
  if (static_cast<int64_t>(arena_.bytes()) >= least) return arena_;
  more = communication_.device().allocate(static_cast<size_t>(least));
  return {more.data(), DType::u8, {least}};
}

void ParameterFiller::bring_together(const LeveledGroup& group, std::vector<DividedValues>& divided,
                                     const Tensor& staging) {
  group.label(-1, "parameters to begin with");
  for (const DividedValues& values : std::exchange(divided, {}))
    convoy::bring_together(group, communication_.stream(), values, staging);
}

}  // namespace convoy
