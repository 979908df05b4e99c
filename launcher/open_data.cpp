#include "launcher/open_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/data/mixed_data.h"
#include "datasets/kinds.h"
#include "launcher/model_and_data.h"

namespace convoy {
namespace {

std::vector<std::string> paths_of(const Config& config) {
  if (config.data.mix.empty()) return {config.data.path};
  std::vector<std::string> paths;
  for (const MixedSource& source : config.data.mix) paths.push_back(source.path);
  return paths;
}

}  // namespace

std::unique_ptr<Dataset> open_data(const Config& config) {
  if (config.data.mix.empty()) return open_dataset(config.data.path, dataset_needs(config));
  std::vector<MixedPart> parts;
  for (const MixedSource& source : config.data.mix)
    parts.push_back({open_dataset(source.path, dataset_needs(config)), source.weight});
  return std::make_unique<MixedData>(std::move(parts));
}

std::string data_name(const Config& config) { return fmt::format("{}", fmt::join(paths_of(config), " and ")); }

bool data_is_there(const Config& config) {
  return std::ranges::all_of(paths_of(config), [](const auto& path) { return std::filesystem::exists(path); });
}

}  // namespace convoy
