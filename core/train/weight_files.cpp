#include "core/train/weight_files.h"

#include <algorithm>
#include <utility>

#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/state_names.h"

namespace convoy {
namespace {

struct Stored {
  std::vector<std::string> names;
  int64_t bytes = 0, elements = 0;
};

Stored stored(const Parameter& p, DType compute) {
  Stored all;
  for (const NamedTensor& tensor : stored_weights(p.spec, {nullptr, p.spec.dtype(compute), p.spec.shape})) {
    all.names.push_back(tensor.name);
    all.bytes += static_cast<int64_t>(tensor.tensor.bytes());
    all.elements += tensor.tensor.elements();
  }
  return all;
}

}  // namespace

WeightFiles::WeightFiles(const ModelPlan& model, int rank, int ranks, int64_t file_bytes) : all_(model.layout()) {
  const auto& parameters = all_.parameters();
  const bool averaged = std::ranges::count(model.options().states, kAverageState) > 0;
  std::vector<int> file_of;  // of each parameter
  std::vector<std::pair<std::string, std::string>> files_of_tensors, files_of_averages;
  int64_t here = 0, total = 0, elements = 0;
  int file = 0;
  for (const Parameter& p : parameters) {
    const int64_t bytes = stored(p, model.options().dtype).bytes;
    if (here > 0 && bytes > file_bytes - here) ++file, here = 0;
    here += bytes;
    total += bytes;
    file_of.push_back(file);
  }
  files_ = file + 1;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Stored of = stored(parameters[i], model.options().dtype);
    elements += of.elements;
    if (files_ > 1 && rank == 0)
      for (const std::string& name : of.names) {
        files_of_tensors.emplace_back(name, weights_file_name(file_of[i], files_));
        if (averaged) files_of_averages.emplace_back(name, average_file_name(file_of[i], files_));
      }
    if (int64_t{file_of[i]} * ranks / files_ != rank) continue;
    mine_.push_back(static_cast<int>(i));
    if (files_ == 1) continue;
    if (parts_.empty() || parts_.back().file != file_of[i]) parts_.push_back({file_of[i], 0});
    parts_.back().tensors += of.names.size();
  }
  if (!files_of_tensors.empty()) index_ = weights_index(files_of_tensors, total);
  if (!files_of_averages.empty())
    average_index_ = weights_index(files_of_averages, elements * static_cast<int64_t>(sizeof(float)));
}

void WeightFiles::tell(CheckpointContents& contents) const {
  contents.weight_files = files_;
  contents.weight_parts = parts_;
  contents.weights_index = index_;
  contents.average_index = average_index_;
}

WeightFiles::Range WeightFiles::range_in(const ParameterLayout& layout) const {
  Range range{INT64_MAX, 0};
  for (const int i : mine_) {
    const int found = layout.find_or_elsewhere(all_.parameters()[static_cast<size_t>(i)].spec.name);
    if (found == ParameterLayout::kElsewhere) continue;
    const Parameter& p = layout.parameters()[static_cast<size_t>(found)];
    range = {std::min(range.begin, p.offset), std::max(range.end, p.end())};
  }
  return range.begin < range.end ? range : Range{};
}

}  // namespace convoy
