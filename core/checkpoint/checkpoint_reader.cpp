#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>
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

void check_size(const std::filesystem::path& path, const WrittenFile& wanted) {
  const int64_t bytes = bytes_of_file(path);
  if (bytes != wanted.bytes)
    throw CheckpointError(fmt::format("{} has {} bytes, the manifest says {}: it is damaged; use another checkpoint",
                                      path.string(), bytes, wanted.bytes));
}

std::string header_checksum(const std::filesystem::path& path, int64_t bytes) {
  std::string header(static_cast<size_t>(bytes), '\0');
  File::open(path).read(0, std::as_writable_bytes(std::span(header)));
  return checksum_of(header);
}

void check_content(const std::filesystem::path& path, const WrittenFile& wanted) {
  const std::string checksum =
      wanted.header_bytes > 0 ? header_checksum(path, wanted.header_bytes) : checksum_of_file(path);
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
    for (const auto& [name, file] : manifest_.files) check_size(folder_ / name, file);
    check_weights();
    if (!verify) return;
    for (const auto& [name, file] : manifest_.files) check_content(folder_ / name, file);
    for (const GroupRecord& group : manifest_.optimizer.groups)
      for (const auto& [state, sum] : group.sums) check_sum(group, state, sum);
  }
  Impl(std::filesystem::path folder, std::string_view head) : folder_(std::move(folder)) {
    for (size_t at = 0; at < head.size();) {
      std::string name = take_text(head, at);
      texts_[std::move(name)] = take_text(head, at);
    }
    manifest_ = parse_manifest(texts_.at(kManifestName));
    check_weights();
  }

  std::string head() {
    texts_[kManifestName] = manifest_text(manifest_);
    for (const auto& [name, file] : manifest_.files)
      if (!is_large(name) && !texts_.contains(name)) texts_[name] = checked_text(name, file);
    std::string head;
    for (const auto& [name, text] : texts_) head += length_text(name) + name + length_text(text) + text;
    return head;
  }

  void verify_share(int rank, int ranks) const {
    std::vector<std::pair<int64_t, std::string>> large;  // the largest first: rank r's share is r, r + ranks, ...
    for (const auto& [name, file] : manifest_.files)
      if (is_large(name) && !(name.starts_with("model") && resume_reads_weights()))
        large.emplace_back(-file.bytes, name);
    std::ranges::sort(large);
    for (auto i = static_cast<size_t>(rank); i < large.size(); i += static_cast<size_t>(ranks))
      check_content(folder_ / large[i].second, manifest_.files.at(large[i].second));
  }

  const SafetensorsReader& open(const std::string& name) const {
    return opened_.try_emplace(name, folder_ / name).first->second;
  }

  std::string weights_name() const {
    return manifest_.files.contains(kWeightsIndexName) ? kWeightsIndexName : kWeightsName;
  }
  std::string average_name() const {
    return manifest_.files.contains(kAverageIndexName) ? kAverageIndexName : kAverageName;
  }
  // Of the file or, of several, of all their checksums.
  std::string checksum_of_files(const std::string& name, std::string_view prefix_of_several) const {
    if (const auto one = manifest_.files.find(name); one != manifest_.files.end()) return one->second.checksum;
    std::string all;
    for (const auto& [file, written] : manifest_.files)
      if (file.starts_with(prefix_of_several)) all += written.checksum;
    return checksum_of(all);
  }

  std::string text(const std::string& name) const {
    const auto found = texts_.find(name);
    return found != texts_.end() ? found->second : read_file(folder_ / name);
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

 private:
  static bool is_large(const std::string& name) { return name.ends_with(".safetensors"); }
  static std::string length_text(const std::string& text) { return std::to_string(text.size()) + " "; }
  static std::string take_text(std::string_view head, size_t& at) {
    const size_t space = head.find(' ', at);
    const size_t bytes = std::stoul(std::string(head.substr(at, space - at)));
    at = space + 1 + bytes;
    return std::string(head.substr(space + 1, bytes));
  }

  // All of them, and what it reads is summed.
  bool resume_reads_weights() const {
    const auto has_master = [](const GroupRecord& group) { return std::ranges::count(group.states, kMasterState) > 0; };
    return !manifest_.weight_sums.empty() && std::ranges::none_of(manifest_.optimizer.groups, has_master);
  }

  void check_sum(const GroupRecord& group, const std::string& state, const std::string& wanted) const {
    constexpr int64_t kAtOnce = 1 << 20;
    BlockSum sum;
    std::vector<float> values(static_cast<size_t>(std::min(kAtOnce, group.total)));
    const OpenPart open = [this](const std::string& name) -> const SafetensorsReader& { return this->open(name); };
    for (int64_t begin = 0; begin < group.total; begin += kAtOnce) {
      const int64_t end = std::min(begin + kAtOnce, group.total);
      convoy::read_state(open, manifest_.optimizer, group, state, begin, end, values.data());
      sum.add(begin, std::span(values).first(static_cast<size_t>(end - begin)));
    }
    if (sum.hex() != wanted)
      throw CheckpointError(
          fmt::format("{} of {} has the sum {}, the manifest says {}: one of {} is damaged; use another "
                      "checkpoint",
                      group.tensor(state), folder_.string(), sum.hex(), wanted, fmt::join(optimizer_files(), ", ")));
  }

  std::vector<std::string> optimizer_files() const {
    std::vector<std::string> names;
    for (const auto& [name, file] : manifest_.files)
      if (file.header_bytes > 0) names.push_back(name);
    return names;
  }

  void check_weights() const {
    if (!manifest_.files.contains(weights_name()))
      throw CheckpointError(fmt::format("{} holds no {}", folder_.string(), kWeightsName));
  }

  std::string checked_text(const std::string& name, const WrittenFile& wanted) const {
    std::string text = read_file(folder_ / name);
    if (checksum_of(text) == wanted.checksum) return text;
    throw CheckpointError(
        fmt::format("{} does not have the checksum that the manifest says: it is damaged; use "
                    "another checkpoint",
                    (folder_ / name).string()));
  }

  mutable std::map<std::string, SafetensorsReader> opened_;
  std::map<std::string, std::string> texts_;  // small files, where they are known
};

CheckpointReader::CheckpointReader(std::filesystem::path folder, bool verify)
    : impl_(reading([&] { return std::make_unique<Impl>(std::move(folder), verify); })) {}
CheckpointReader::CheckpointReader(std::filesystem::path folder, std::string_view head)
    : impl_(std::make_unique<Impl>(std::move(folder), head)) {}
CheckpointReader::~CheckpointReader() = default;

std::string CheckpointReader::head() {
  return reading([&] { return impl_->head(); });
}
void CheckpointReader::verify_share(int rank, int ranks) const {
  reading([&] { impl_->verify_share(rank, ranks); });
}

const TrainingPosition& CheckpointReader::position() const { return impl_->manifest_.position; }
const std::filesystem::path& CheckpointReader::folder() const { return impl_->folder_; }
bool CheckpointReader::has_file(const std::string& name) const { return impl_->manifest_.files.contains(name); }
std::string CheckpointReader::optimizer() const { return impl_->manifest_.optimizer.name; }
bool CheckpointReader::has_average() const { return impl_->manifest_.files.contains(impl_->average_name()); }
std::string CheckpointReader::average_checksum() const { return impl_->checksum_of_files(kAverageName, "ema-"); }

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
  return reading([&] { return impl_->text(name); });
}

std::string CheckpointReader::weights_checksum() const { return impl_->checksum_of_files(kWeightsName, "model-"); }

void CheckpointReader::read_weight(const std::string& name, const Tensor& out) const {
  reading([&] { impl_->open(impl_->weights_name()).read(name, out); });
}

void CheckpointReader::read_average(const std::string& name, const Tensor& out) const {
  reading([&] { impl_->open(impl_->average_name()).read(name, out); });
}

void CheckpointReader::read_weight_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count,
                                         float* out) const {
  reading([&] { impl_->open(impl_->weights_name()).read_range(name, shape, begin, count, out); });
}

void CheckpointReader::read_average_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count,
                                          float* out) const {
  reading([&] { impl_->open(impl_->average_name()).read_range(name, shape, begin, count, out); });
}

void CheckpointReader::read_state(const std::string& group, const std::string& state, int64_t begin, int64_t end,
                                  float* out) const {
  const GroupRecord& record = impl_->group(group, state, end);
  const OpenPart open = [this](const std::string& name) -> const SafetensorsReader& { return impl_->open(name); };
  reading([&] { convoy::read_state(open, impl_->manifest_.optimizer, record, state, begin, end, out); });
}

std::optional<std::string> CheckpointReader::sum_of_state(const std::string& group, const std::string& state) const {
  for (const GroupRecord& record : impl_->manifest_.optimizer.groups)
    if (const auto found = record.sums.find(state); record.name == group && found != record.sums.end())
      return found->second;
  return std::nullopt;
}

std::optional<std::string> CheckpointReader::sum_of_weights(const std::string& name) const {
  const auto found = impl_->manifest_.weight_sums.find(name);
  return found == impl_->manifest_.weight_sums.end() ? std::nullopt : std::optional(found->second);
}

std::string all_damaged(const std::filesystem::path& checkpoints, size_t count) {
  return fmt::format(
      "all {} checkpoints in {} are damaged, see the warnings above; start a new run or restore the folder "
      "from a copy",
      count, checkpoints.string());
}

std::string no_rollback_point(const std::filesystem::path& checkpoints, int64_t step) {
  return fmt::format(
      "{} has no whole checkpoint to go back to, wanted is {}; see the warnings above, and begin a new run "
      "or resume with guard.rollback=false",
      checkpoints.string(), checkpoint_name(step));
}

void warn_of_stand_in(const CheckpointReader& found, int64_t step) {
  const std::string name = found.folder().filename().string();
  if (name != checkpoint_name(step))
    logging::warn("{} is missing or damaged; {} stands in for it", checkpoint_name(step), name);
}

std::vector<std::pair<int64_t, std::filesystem::path>> rollback_candidates(const std::filesystem::path& checkpoints,
                                                                           int64_t step, int64_t spike_step) {
  auto candidates = reading([&] { return list_checkpoints(checkpoints); });
  std::erase_if(candidates, [&](const auto& candidate) { return candidate.first >= spike_step; });
  std::stable_partition(candidates.begin(), candidates.end(), [&](const auto& c) { return c.first != step; });
  return candidates;
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
  throw CheckpointError(all_damaged(checkpoints, found.size()));
}

std::filesystem::path find_rollback_point(const std::filesystem::path& checkpoints, int64_t step, int64_t spike_step) {
  const auto found = newest_good(rollback_candidates(checkpoints, step, spike_step));
  if (!found) throw CheckpointError(no_rollback_point(checkpoints, step));
  warn_of_stand_in(CheckpointReader(*found, false), step);
  return *found;
}

}  // namespace convoy
