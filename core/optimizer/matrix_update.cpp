#include "core/optimizer/matrix_update.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/comm/bytes_sent.h"

namespace convoy {

namespace {

size_t bytes_of(const Bucket& bucket, const Sharding& sharding) {
  return static_cast<size_t>(bucket.shard * sharding.ranks()) * sizeof(float);
}

}  // namespace

size_t MatrixUpdate::Memory::all() const {
  return round_up(directions, kStepAlignment) + round_up(workspace, kStepAlignment);
}

MatrixUpdate::Memory& MatrixUpdate::Memory::operator|=(const Memory& other) {
  directions = std::max(directions, other.directions);
  workspace = std::max(workspace, other.workspace);
  return *this;
}

MatrixUpdate::Memory MatrixUpdate::planned_memory(const ParameterLayout& layout, const Sharding& sharding,
                                                  const MatrixOptimizer& optimizer, const Ops& ops) {
  Memory memory;
  if (sharding.shards_optimizer())
    for (const Bucket& bucket : sharding.buckets())
      memory.directions = std::max(memory.directions, bytes_of(bucket, sharding));
  for (const MatrixPlace& matrix : matrices_of(layout))
    memory.workspace = std::max(memory.workspace, optimizer.step_bytes(ops, matrix.rows, matrix.columns));
  return memory;
}

size_t MatrixUpdate::sent_bytes(const Sharding& sharding) {
  size_t bytes = 0;
  if (sharding.shards_optimizer())
    for (const Bucket& bucket : sharding.buckets())
      bytes += sent_by_all_gather(bytes_of(bucket, sharding), sharding.ranks());
  return bytes;
}

MatrixUpdate::MatrixUpdate(Communication& communication, const ParameterLayout& layout, const Sharding& sharding,
                           const MatrixOptimizer& optimizer, std::vector<Owned> owned, const Memory& sizes,
                           const Tensor& memory)
    : communication_(communication),
      ops_(communication.device().ops()),
      compute_(communication.compute()),
      sharding_(sharding),
      optimizer_(optimizer),
      matrices_(matrices_of(layout)),
      owned_(std::move(owned)) {
  const auto directions = static_cast<int64_t>(round_up(sizes.directions, kStepAlignment));
  workspace_ = memory.range(directions, static_cast<int64_t>(sizes.workspace));
  if (!sharding.shards_optimizer()) {
    // All of it is owned, in one range.
    const Owned& all = owned_.at(0);
    add_part({&all}, 0, layout.padded_elements(), 0, all.tensors.gradient);
    return;
  }
  compute_.zero(memory.data, static_cast<size_t>(directions));
  for (const Bucket& bucket : sharding.buckets()) {
    std::vector<const Owned*> own;
    for (const Owned& candidate : owned_)
      if (candidate.range.begin >= bucket.begin && candidate.range.begin < bucket.end) own.push_back(&candidate);
    add_part(std::move(own), bucket.begin, bucket.end, bucket.shard,
             {memory.data, DType::f32, {bucket.shard * sharding.ranks()}});
  }
}

void MatrixUpdate::add_part(std::vector<const Owned*> owned, int64_t begin, int64_t end, int64_t shard,
                            const Tensor& directions) {
  const auto is_owned = [&](const MatrixPlace& matrix) {
    return std::ranges::any_of(
        owned, [&](const Owned* own) { return matrix.offset < own->range.end && own->range.begin < matrix.end(); });
  };
  std::vector<MatrixPlace> matrices;
  for (const MatrixPlace& matrix : matrices_)
    if (matrix.offset >= begin && matrix.offset < end && is_owned(matrix)) matrices.push_back(matrix);
  const size_t number = parts_.size();
  parts_.push_back({std::move(owned), std::move(matrices), begin, shard, directions,
                    RecurringWork([this, number] { make_directions(parts_[number]); }),
                    RecurringWork([this, number] { make_steps(parts_[number]); })});
}

Tensor MatrixUpdate::direction_of(const Part& part, const Owned& owned) const {
  return part.directions.range(owned.range.begin - part.begin, owned.range.elements());
}

void MatrixUpdate::make_directions(const Part& part) {
  for (const Owned* owned : part.owned)
    optimizer_.direction(ops_, compute_, owned->tensors, direction_of(part, *owned));
}

void MatrixUpdate::make_steps(const Part& part) {
  for (const MatrixPlace& matrix : part.matrices)
    optimizer_.step(
        ops_, compute_,
        part.directions.range(matrix.offset - part.begin, matrix.elements()).reshaped({matrix.rows, matrix.columns}),
        workspace_);
  for (const Owned* owned : part.owned) {
    UpdateTensors tensors = owned->tensors;
    tensors.gradient = direction_of(part, *owned);
    optimizer_.update(ops_, compute_, tensors);
  }
}

void MatrixUpdate::bring_together(const Part& part, int64_t t) {
  communication_.follow_compute();
  communication_.group().label(t, "directions of matrices");
  communication_.group().all_gather(communication_.stream(), part.directions,
                                    part.directions.range(sharding_.rank() * part.shard, part.shard));
  communication_.await_all();
}

void MatrixUpdate::run(RecurringWork& work, bool capture) {
  if (capture)
    work.run(communication_.device(), compute_);
  else
    work.run_uncaptured();
}

void MatrixUpdate::run(int64_t t, bool capture) {
  for (Part& part : parts_) {
    if (!part.owned.empty()) run(part.before, capture);
    if (part.shard > 0) bring_together(part, t);
    if (!part.owned.empty()) run(part.after, capture);
  }
}

}  // namespace convoy
