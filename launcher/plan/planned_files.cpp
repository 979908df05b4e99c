#include "launcher/plan/planned_files.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/checkpoint/average_files.h"
#include "core/train/snapshot.h"

namespace convoy {
namespace {

size_t bytes_of(const CheckpointContents& contents, int64_t StateShard::*elements) {
  size_t bytes = 0;
  for (const StateShard& shard : contents.optimizer.groups)
    for (const StateShard::Array& array : shard.arrays)
      bytes += static_cast<size_t>(shard.*elements) * size_of(array.dtype);
  return bytes;
}

// With those of the average, if one is kept.
size_t weight_bytes(const CheckpointContents& contents) {
  const size_t of_average = keeps_average(contents) ? sizeof(float) : 0;
  size_t bytes = 0;
  for (const NamedTensor& weight : contents.weights)
    bytes += weight.tensor.bytes() + static_cast<size_t>(weight.tensor.elements()) * of_average;
  return bytes;
}

// A resume reads those that no master stands for.
size_t weights_read(const ModelPlan& model) {
  size_t bytes = 0;
  for (const GroupPlan& group : model.groups())
    if (group.dtype == DType::f32) bytes += static_cast<size_t>(group.layout.elements()) * sizeof(float);
  for (const KeptPlan& kept : model.kept())
    if (!kept.of_base) bytes += static_cast<size_t>(kept.layout.elements()) * size_of(kept.dtype);
  return bytes;
}

}  // namespace

PlannedFiles planned_files(const RankFacts& facts, const ModelPlan& model, int ranks_per_node, int64_t file_bytes) {
  const CheckpointContents first = Snapshot::planned_contents(model, {0, facts.ranks, file_bytes});
  const CheckpointContents all = Snapshot::planned_contents(model, {});
  const auto holders = static_cast<size_t>(facts.mesh.shard.ranks());
  PlannedFiles files;
  files.checkpoint_bytes = weight_bytes(all) + bytes_of(first, &StateShard::total);
  files.optimizer_files =
      first.optimizer.groups.empty() ? 0 : ceil_div(static_cast<int>(holders), std::min(ranks_per_node, facts.ranks));
  files.written_bytes = bytes_of(first, &StateShard::held);
  files.first_written_bytes = weight_bytes(first) + files.written_bytes;
  const auto replicas = static_cast<size_t>(facts.mesh.replicate.ranks());
  files.read_bytes = ceil_div(files.written_bytes + ceil_div(weights_read(model), holders), replicas);
  files.weight_files = first.weight_files;
  files.operations = 2;
  const int index = files.weight_files > 1 ? 1 : 0;
  files.resume_opens = 1 + (weights_read(model) > 0 ? files.weight_files + index : 0);
  return files;
}

}  // namespace convoy
