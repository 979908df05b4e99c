#include "core/checkpoint/average_file.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/checkpoint/optimizer_parts.h"

namespace convoy {

namespace {

bool has_average(const GroupRecord& group) { return std::ranges::count(group.states, kAverageState) > 0; }

}  // namespace

void write_average(const std::filesystem::path& folder, const CheckpointContents& contents, Manifest& manifest) {
  const std::vector<GroupRecord>& groups = manifest.optimizer.groups;
  if (std::ranges::none_of(groups, has_average)) return;
  std::map<std::string, SafetensorsReader> files;
  const OpenPart open = [&](const std::string& name) -> const SafetensorsReader& {
    return files.try_emplace(name, folder / name).first->second;
  };
  std::vector<std::vector<float>> averages(groups.size());  // flat, as the groups are
  std::map<std::string, float*> places;                     // by weight
  for (size_t g = 0; g < groups.size(); ++g) {
    averages[g].resize(static_cast<size_t>(groups[g].total));
    read_state(open, manifest.optimizer, groups[g], kAverageState, 0, groups[g].total, averages[g].data());
    for (const auto& [name, offset] : contents.optimizer.groups[g].places) places[name] = averages[g].data() + offset;
  }
  std::vector<NamedTensor> tensors = contents.weights;
  for (NamedTensor& weight : tensors)
    if (const auto found = places.find(weight.name); found != places.end())
      weight.tensor = {found->second, DType::f32, weight.tensor.shape};
  manifest.files[kAverageName] = write_safetensors(folder / kAverageName, std::move(tensors));
}

}  // namespace convoy
