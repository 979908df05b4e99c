#include "launcher/open_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "comm/failure_report.h"
#include "core/base/error.h"
#include "core/data/mixed_data.h"
#include "core/models/preference.h"
#include "datasets/data_identity.h"
#include "datasets/kinds.h"
#include "datasets/work_on_data.h"
#include "launcher/model_and_data.h"

namespace convoy {
namespace {

// Rank 0 has told what the folder holds. One rank of each other machine, and whoever names another folder than its
// machine's first rank, looks whether that is so there as well: shards without checksums could be any.
void check_same_folder(const std::string& path, const std::string& wanted, Communicator& ranks) {
  const std::unique_ptr<Communicator> machine = ranks.machine_ranks();
  const std::string named = machine->broadcast_text(path, 0);
  work_on_data(ranks, fmt::format("comparing {} with the first rank's", path), [&] {
    if (ranks.rank() == 0 || (machine->rank() != 0 && named == path)) return;
    const std::string here = data_identity(read_dataset_manifest(path));
    if (here == wanted) return;
    throw DataError(fmt::format(
        "rank {} on {} finds other data in {} ({}) than the first rank ({}); copy the first rank's there, or "
        "name a folder that all hosts share in data.path",
        ranks.rank(), host_name(), path, here, wanted));
  });
}

std::unique_ptr<Dataset> open_folder(const Config& config, const std::string& path, Communicator* ranks) {
  DatasetNeeds needs = dataset_needs(config);
  needs.ranks = ranks;
  std::unique_ptr<Dataset> data = open_dataset(path, needs);
  if (ranks != nullptr) check_same_folder(path, data->identity(), *ranks);
  return data;
}

// Where the loss compares pairs, they get the field of their references.
std::unique_ptr<Dataset> open_one(const Config& config, const std::string& path, Communicator* ranks,
                                  std::vector<ReferencedPairs*>& pairs) {
  std::unique_ptr<Dataset> data = open_folder(config, path, ranks);
  if (config.loss.kind->preference() == nullptr || !holds_pairs(data->fields())) return data;
  auto referenced = std::make_unique<ReferencedPairs>(std::move(data));
  pairs.push_back(referenced.get());
  return referenced;
}

}  // namespace

OpenedData open_data(const Config& config, Communicator* ranks) {
  OpenedData opened;
  if (config.data.mix.empty()) {
    opened.data = open_one(config, config.data.path, ranks, opened.pairs);
    return opened;
  }
  std::vector<MixedPart> parts;
  for (const MixedSource& source : config.data.mix)
    parts.push_back({open_one(config, source.path, ranks, opened.pairs), source.weight});
  opened.data = std::make_unique<MixedData>(std::move(parts));
  return opened;
}

std::vector<std::string> data_paths(const Config& config) {
  if (config.data.mix.empty()) return {config.data.path};
  std::vector<std::string> paths;
  for (const MixedSource& source : config.data.mix) paths.push_back(source.path);
  return paths;
}

std::string data_name(const Config& config) { return fmt::format("{}", fmt::join(data_paths(config), " and ")); }

bool data_is_there(const Config& config) {
  return std::ranges::all_of(data_paths(config), [](const auto& path) { return std::filesystem::exists(path); });
}

}  // namespace convoy
