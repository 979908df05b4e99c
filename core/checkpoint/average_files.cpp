#include "core/checkpoint/average_files.h"

#include <algorithm>
#include <map>
#include <string>

#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/optimizer_parts.h"

namespace convoy {

bool keeps_average(const CheckpointContents& contents) {
  return std::ranges::any_of(contents.optimizer.groups, [](const StateShard& group) {
    return std::ranges::count(group.arrays, kAverageState, &StateShard::Array::name) > 0;
  });
}

std::vector<WrittenFile> write_averages(const std::filesystem::path& folder, const CheckpointContents& contents,
                                        const OptimizerRecord& record) {
  std::map<std::string, SafetensorsReader> opened;
  const OpenPart open = [&](const std::string& name) -> const SafetensorsReader& {
    return opened.try_emplace(name, folder / name).first->second;
  };
  struct Place {
    const GroupRecord* group = nullptr;
    int64_t offset = 0;
  };
  std::map<std::string, Place> places;  // by weight
  for (size_t g = 0; g < record.groups.size(); ++g)
    if (std::ranges::count(record.groups[g].states, kAverageState) > 0)
      for (const auto& [name, offset] : contents.optimizer.groups[g].places) places[name] = {&record.groups[g], offset};
  const auto average_of = [&](NamedTensor weight) {
    const auto found = places.find(weight.name);
    if (found == places.end()) return weight;
    const Shape& shape = weight.tensor.shape;
    const int64_t row = shape.dims() == 0 ? 1 : weight.tensor.elements() / std::max<int64_t>(shape[0], 1);
    weight.rows = [&open, &record, place = found->second, row](int64_t first, int64_t count, void* out) {
      const int64_t begin = place.offset + first * row;
      read_state(open, record, *place.group, kAverageState, begin, begin + count * row, static_cast<float*>(out));
    };
    weight.tensor = {nullptr, DType::f32, shape};
    return weight;
  };
  std::vector<WrittenFile> files(static_cast<size_t>(contents.weight_files));
  auto weight = contents.weights.begin();
  for (const auto& [file, tensors] : contents.parts()) {
    std::vector<NamedTensor> averages;
    for (size_t i = 0; i < tensors; ++i) averages.push_back(average_of(*weight++));
    files[static_cast<size_t>(file)] =
        write_safetensors(folder / average_file_name(file, contents.weight_files), std::move(averages));
  }
  return files;
}

}  // namespace convoy
