#include "launcher/plan/largest_tensors.h"

#include <algorithm>
#include <cctype>

#include "core/parameters/state_names.h"

namespace convoy {
namespace {

// The numbers between dots become stars: layers are alike.
std::string pattern_of(const std::string& name) {
  std::string pattern;
  for (size_t i = 0; i < name.size();) {
    size_t end = i;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
    const bool whole = end > i && i > 0 && name[i - 1] == '.' && end < name.size() && name[end] == '.';
    pattern += whole ? "*" : end > i ? name.substr(i, end - i) : name.substr(i, 1);
    i = std::max(end, i + 1);
  }
  return pattern;
}

std::string_view kind_name(BufferKind kind) {
  switch (kind) {
    case BufferKind::activation:
      return "activations";
    case BufferKind::weights:
      return "weights";
    case BufferKind::weight_gradients:
      return "gradients";
    case BufferKind::scratch:
      return "workspace";
  }
  return "?";
}

class Collection {
 public:
  void add(const std::string& name, std::string_view kind, size_t bytes) {
    const std::string pattern = pattern_of(name);
    const auto known = std::ranges::find_if(tensors_, [&](const PlannedTensor& tensor) {
      return tensor.name == pattern && tensor.kind == kind && tensor.bytes == bytes;
    });
    if (known == tensors_.end())
      tensors_.push_back({pattern, kind, bytes});
    else
      ++known->count;
  }

  std::vector<PlannedTensor> largest(size_t most) {
    std::ranges::stable_sort(tensors_, std::greater<>(), &PlannedTensor::bytes);
    tensors_.resize(std::min(most, tensors_.size()));
    return std::move(tensors_);
  }

 private:
  std::vector<PlannedTensor> tensors_;
};

void add_weights_and_gradients(Collection& all, const GroupPlan& group) {
  for (const Parameter& p : group.layout.parameters()) {
    const auto elements = static_cast<size_t>(p.elements());
    if (!group.sharding->shards_weights()) all.add(p.spec.name, "weights", elements * size_of(group.dtype));
    if (!group.sharding->shards_gradients())
      all.add("gradient of " + p.spec.name, "gradients", elements * sizeof(float));
  }
}

// Flat, of all parameters of the group, or of what this rank has of them.
void add_whole_arrays(Collection& all, const GroupPlan& group) {
  const Sharding& sharding = *group.sharding;
  const auto elements = static_cast<size_t>(sharding.compact_elements());
  const std::string part =
      (sharding.shards_optimizer() ? " of this rank's shards" : " of all parameters") + in_group(group.terms.name);
  if (sharding.shards_weights()) all.add("weights" + part, "weights", elements * size_of(group.dtype));
  if (sharding.cuts_between_groups()) all.add("summed gradients" + part, "gradients", elements * sizeof(float));
  if (group.dtype != DType::f32) all.add(kMasterState + part, "optimizer", elements * sizeof(float));
  for (const std::string& state : group.states.names)
    all.add(state + part, "optimizer", elements * size_of(group.states.dtype_of(state)));
}

}  // namespace

std::vector<PlannedTensor> largest_tensors(const ModelPlan& model, size_t most) {
  Collection all;
  for (const PlannedBuffer* buffer : buffers_when_fullest(model.larger()))
    all.add(buffer->what, kind_name(buffer->kind), buffer->bytes);
  for (const GroupPlan& group : model.groups()) {
    add_weights_and_gradients(all, group);
    add_whole_arrays(all, group);
  }
  for (const KeptPlan& kept : model.kept())
    for (const Parameter& p : kept.layout.parameters())
      all.add(p.spec.name, "weights", static_cast<size_t>(p.elements()) * size_of(kept.dtype));
  return all.largest(most);
}

}  // namespace convoy
