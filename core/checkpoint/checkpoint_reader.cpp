#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/optimizer_parts.h"
#include "core/checkpoint/safetensors.h"

namespace convoy {
namespace {

// Runs f; what the file system says against it is a fault of the checkpoint.
template <class F>
auto reading(F&& f) {
  try {
    return f();
  } catch (const FileError& error) {
    throw CheckpointError(fmt::format("checkpoint: {}", error.what()));
  }
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / kManifestName;
  if (!reading([&] { return is_there(path); }))
    throw CheckpointError(
        fmt::format("{} is no checkpoint: it has no {}; name a folder like "
                    "RUN/checkpoints/step-00000500",
                    folder.string(), kManifestName));
  try {
    return parse_manifest(read_file(path));
  } catch (const CheckpointError& error) {
    throw CheckpointError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void check_file(const std::filesystem::path& path, const WrittenFile& wanted, bool verify) {
  const int64_t bytes = File::open(path).bytes();
  if (bytes != wanted.bytes)
    throw CheckpointError(fmt::format("{} has {} bytes, the manifest says {}: it is damaged; use another checkpoint",
                                      path.string(), bytes, wanted.bytes));
  if (!verify) return;
  const std::string checksum = checksum_of_file(path);
  if (checksum != wanted.checksum)
    throw CheckpointError(
        fmt::format("{} has the checksum {}, the manifest says {}: it is damaged; use another "
                    "checkpoint",
                    path.string(), checksum, wanted.checksum));
}

}  // namespace

class CheckpointReader::Impl {
 public:
  Impl(std::filesystem::path folder, bool verify) : folder_(std::move(folder)), manifest_(read_manifest(folder_)) {
    for (const auto& [name, file] : manifest_.files) check_file(folder_ / name, file, verify);
    if (!manifest_.files.contains(kWeightsName))
      throw CheckpointError(fmt::format("{} holds no {}", folder_.string(), kWeightsName));
    weights_ = std::make_unique<SafetensorsReader>(folder_ / kWeightsName);
    if (manifest_.files.contains(kAverageName)) averages_ = std::make_unique<SafetensorsReader>(folder_ / kAverageName);
  }

  // Throws CheckpointError unless it has all of the state's elements.
  const GroupRecord& group(const std::string& name, const std::string& state, int64_t end) const {
    const std::vector<GroupRecord>& groups = manifest_.optimizer.groups;
    const auto found = std::ranges::find(groups, name, &GroupRecord::name);
    const std::string wanted = name.empty() ? "of the only group" : "of group " + name;
    if (found == groups.end() || end > found->total)
      throw CheckpointError(
          fmt::format("checkpoint {} holds optimizer state of {} elements, up to element {} {} is wanted: it is of "
                      "another model; take the checkpoint's own config.yaml",
                      folder_.string(), found == groups.end() ? 0 : found->total, end, wanted));
    if (std::ranges::count(found->states, state) == 0 && state == kMasterState)
      throw CheckpointError(
          fmt::format("checkpoint {} has no master weights, for it was trained in f32: resume it with "
                      "precision=f32",
                      folder_.string()));
    if (std::ranges::count(found->states, state) == 0)
      throw CheckpointError(
          fmt::format("checkpoint {} holds the optimizer states {}, wanted is {}; take the "
                      "checkpoint's own config.yaml",
                      folder_.string(), fmt::join(found->states, ", "), state));
    return *found;
  }

  std::filesystem::path folder_;
  Manifest manifest_;
  std::unique_ptr<SafetensorsReader> weights_, averages_;
};

CheckpointReader::CheckpointReader(std::filesystem::path folder, bool verify)
    : impl_(reading([&] { return std::make_unique<Impl>(std::move(folder), verify); })) {}
CheckpointReader::~CheckpointReader() = default;

const TrainingPosition& CheckpointReader::position() const { return impl_->manifest_.position; }
const std::filesystem::path& CheckpointReader::folder() const { return impl_->folder_; }
bool CheckpointReader::has_file(const std::string& name) const { return impl_->manifest_.files.contains(name); }
std::string CheckpointReader::optimizer() const { return impl_->manifest_.optimizer.name; }
bool CheckpointReader::has_average() const { return impl_->averages_ != nullptr; }

std::vector<CheckpointReader::Group> CheckpointReader::groups() const {
  std::vector<Group> groups;
  for (const GroupRecord& group : impl_->manifest_.optimizer.groups)
    groups.push_back({group.name, group.total, group.states});
  return groups;
}

std::string CheckpointReader::checksum(const std::string& name) const {
  const auto found = impl_->manifest_.files.find(name);
  if (found != impl_->manifest_.files.end()) return found->second.checksum;
  throw CheckpointError(fmt::format("checkpoint {} holds no file {}", impl_->folder_.string(), name));
}

std::string CheckpointReader::file(const std::string& name) const {
  static_cast<void>(checksum(name));  // it is there
  return reading([&] { return read_file(impl_->folder_ / name); });
}

void CheckpointReader::read_weight(const std::string& name, const Tensor& out) const {
  reading([&] { impl_->weights_->read(name, out); });
}

void CheckpointReader::read_average(const std::string& name, const Tensor& out) const {
  reading([&] { impl_->averages_->read(name, out); });
}

void CheckpointReader::read_state(const std::string& group, const std::string& state, int64_t begin, int64_t end,
                                  float* out) const {
  const GroupRecord& record = impl_->group(group, state, end);
  reading([&] { convoy::read_state(impl_->folder_, record, state, begin, end, out); });
}

namespace {

using Candidates = std::vector<std::pair<int64_t, std::filesystem::path>>;

// The last good one.
std::optional<std::filesystem::path> newest_good(const Candidates& candidates) {
  for (auto candidate = candidates.rbegin(); candidate != candidates.rend(); ++candidate) {
    try {
      return CheckpointReader(candidate->second, true).folder();
    } catch (const CheckpointError& error) {
      logging::warn("checkpoint {} is skipped: {}", candidate->second.filename().string(), error.what());
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::filesystem::path> find_checkpoint(const std::filesystem::path& checkpoints) {
  const Candidates found = reading([&] { return list_checkpoints(checkpoints); });
  if (const auto newest = newest_good(found); newest || found.empty()) return newest;
  throw CheckpointError(
      fmt::format("all {} checkpoints in {} are damaged, see the warnings above; start a new run or "
                  "restore the folder from a copy",
                  found.size(), checkpoints.string()));
}

std::filesystem::path find_rollback_point(const std::filesystem::path& checkpoints, int64_t step, int64_t spike_step) {
  Candidates candidates = reading([&] { return list_checkpoints(checkpoints); });
  std::erase_if(candidates, [&](const auto& candidate) { return candidate.first >= spike_step; });
  std::stable_partition(candidates.begin(), candidates.end(), [&](const auto& c) { return c.first != step; });
  const auto found = newest_good(candidates);
  if (!found)
    throw CheckpointError(fmt::format(
        "{} has no whole checkpoint to go back to, wanted is {}; see the warnings above, and begin a new run "
        "or resume with guard.rollback=false",
        checkpoints.string(), checkpoint_name(step)));
  if (found->filename() != checkpoint_name(step))
    logging::warn("{} is missing or damaged; {} stands in for it", checkpoint_name(step), found->filename().string());
  return *found;
}

}  // namespace convoy
