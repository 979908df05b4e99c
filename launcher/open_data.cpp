#include "launcher/open_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/data/mixed_data.h"
#include "core/models/preference.h"
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

// Where the loss compares pairs, they get the field of their references.
std::unique_ptr<Dataset> open_one(const Config& config, const std::string& path, std::vector<ReferencedPairs*>& pairs) {
  std::unique_ptr<Dataset> data = open_dataset(path, dataset_needs(config));
  if (config.loss.kind->preference() == nullptr || !holds_pairs(data->fields())) return data;
  auto referenced = std::make_unique<ReferencedPairs>(std::move(data));
  pairs.push_back(referenced.get());
  return referenced;
}

}  // namespace

OpenedData open_data(const Config& config) {
  OpenedData opened;
  if (config.data.mix.empty()) {
    opened.data = open_one(config, config.data.path, opened.pairs);
    return opened;
  }
  std::vector<MixedPart> parts;
  for (const MixedSource& source : config.data.mix)
    parts.push_back({open_one(config, source.path, opened.pairs), source.weight});
  opened.data = std::make_unique<MixedData>(std::move(parts));
  return opened;
}

std::string data_name(const Config& config) { return fmt::format("{}", fmt::join(paths_of(config), " and ")); }

bool data_is_there(const Config& config) {
  return std::ranges::all_of(paths_of(config), [](const auto& path) { return std::filesystem::exists(path); });
}

}  // namespace convoy
