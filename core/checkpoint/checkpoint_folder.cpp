#include "core/checkpoint/checkpoint_folder.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <set>
#include <system_error>

#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/manifest.h"
#include "core/checkpoint/retention.h"

namespace convoy {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kHiddenPrefix = ".step-";

std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc{} || stop != end || checkpoint_name(step) != name) return std::nullopt;
  return step;
}

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  return file_errors_as<CheckpointError>([&] { return entries_of_folder(folder); });
}

void remove_logged(const std::filesystem::path& path) try { remove_path(path); } catch (const FileError& error) {
  logging::warn("{}; remove it by hand", error.what());
}

// It first loses its name, so that no reader finds it half removed.
void remove_checkpoint(const std::filesystem::path& checkpoint) try {
  const auto hidden = checkpoint.parent_path() / fmt::format(".{}.removed.tmp", checkpoint.filename().string());
  remove_logged(hidden);
  rename_path(checkpoint, hidden);
  remove_logged(hidden);
} catch (const FileError& error) {
  logging::warn("an old checkpoint stays: {}", error.what());
}

// Of one that is damaged nothing is known: it cannot be the best.
TrainingPosition position_of(const std::filesystem::path& checkpoint) {
  try {
    return parse_manifest(read_file(checkpoint / kManifestName)).position;
  } catch (const Error&) {
    return {};
  }
}

using Checkpoints = std::vector<std::pair<int64_t, std::filesystem::path>>;

Checkpoints::const_iterator find_best(const Checkpoints& checkpoints, const TrainingPosition& position) {
  if (!position.best || position.best->step == 0) return checkpoints.end();
  const auto found = std::ranges::find_if(
      checkpoints, [&](const auto& checkpoint) { return checkpoint.first >= position.best->step; });
  return found != checkpoints.end() && found->first <= position.step ? found : checkpoints.end();
}

// A name that is already there is not written again: that would take a moment.
void write_name(const std::filesystem::path& file, const std::string& checkpoint) {
  const std::string name = checkpoint + "\n";
  if (!is_there(file) || read_file(file) != name) write_file_atomically(file, name);
}

}  // namespace

std::string checkpoint_name(int64_t step) { return fmt::format("step-{:08}", step); }

std::string unfinished_name(int64_t step, std::string_view nonce, int64_t save) {
  return fmt::format(".{}.{}.{}.tmp", checkpoint_name(step), nonce, save);
}

std::string optimizer_file_name(int rank, int size) {
  return fmt::format("optimizer-{:05}-of-{:05}.safetensors", rank, size);
}

std::string weights_file_name(int file, int files) {
  return files == 1 ? kWeightsName : fmt::format("model-{:05}-of-{:05}.safetensors", file + 1, files);
}

std::string average_file_name(int file, int files) {
  return files == 1 ? kAverageName : fmt::format("ema-{:05}-of-{:05}.safetensors", file + 1, files);
}

namespace {

std::filesystem::path file_or_index(const std::filesystem::path& folder, const char* name, const char* index_name) {
  const std::filesystem::path index = folder / index_name;
  return !is_there(folder / name) && is_there(index) ? index : folder / name;
}

}  // namespace

std::filesystem::path weights_path_in(const std::filesystem::path& folder) {
  return file_or_index(folder, kWeightsName, kWeightsIndexName);
}

std::filesystem::path average_path_in(const std::filesystem::path& folder) {
  return file_or_index(folder, kAverageName, kAverageIndexName);
}

std::vector<std::pair<int64_t, std::filesystem::path>> list_checkpoints(const std::filesystem::path& checkpoints) {
  std::vector<std::pair<int64_t, std::filesystem::path>> found;
  for (const auto& path : entries_of(checkpoints))
    if (const auto step = step_of(path.filename().string())) found.emplace_back(*step, path);
  std::sort(found.begin(), found.end());
  return found;
}

void publish_folder(const std::filesystem::path& unfinished, const std::filesystem::path& checkpoint) {
  if (is_there(checkpoint)) {
    if (::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, checkpoint.c_str(), RENAME_EXCHANGE) != 0) {
      if (errno != EINVAL && errno != ENOSYS)
        throw FileError(fmt::format("exchange {} with", unfinished.string()), checkpoint, errno);
      std::filesystem::path old = unfinished;
      old += ".old";
      rename_path(checkpoint, old);
      rename_path(unfinished, checkpoint);
      remove_logged(old);
    }
  } else {
    rename_path(unfinished, checkpoint);
  }
  sync_folder(checkpoint.parent_path());
}

void name_latest(const std::filesystem::path& checkpoint) try {
  write_name(checkpoint.parent_path() / "latest", checkpoint.filename().string());
} catch (const FileError& error) {
  logging::warn("`latest` does not name the newest checkpoint: {}", error.what());
}

std::optional<std::filesystem::path> best_checkpoint(const std::filesystem::path& checkpoints,
                                                     const TrainingPosition& position) {
  const Checkpoints all = list_checkpoints(checkpoints);
  const auto best = find_best(all, position);
  return best == all.end() ? std::nullopt : std::optional(best->second);
}

void name_best(const std::filesystem::path& checkpoints, const TrainingPosition& position) try {
  const std::filesystem::path name = checkpoints / "best";
  if (const auto best = best_checkpoint(checkpoints, position))
    write_name(name, best->filename().string());
  else if (is_there(name))
    remove_logged(name);
} catch (const FileError& error) {
  logging::warn("`best` does not name the best checkpoint: {}", error.what());
}

void remove_old_checkpoints(const std::filesystem::path& checkpoints, const TrainingPosition& newest,
                            const Retention& retention) {
  if (retention.keep_last <= 0) return;
  Checkpoints found = list_checkpoints(checkpoints);
  std::erase_if(found, [&](const auto& checkpoint) { return checkpoint.first > newest.step; });
  const bool by_best = retention.keep_best > 0 || newest.best;
  std::vector<TrainingPosition> positions;
  std::vector<CheckpointFacts> facts;
  for (const auto& [step, path] : found) {
    positions.push_back(by_best ? position_of(path) : TrainingPosition{});
    facts.push_back({step, positions.back().evaluation});
  }
  std::set<int64_t> keep = checkpoints_to_keep(facts, retention);
  if (newest.rollback_step) keep.insert(*newest.rollback_step);
  const std::set<int64_t> kept = keep;  // a run that goes on from one of these finds the best of then
  for (size_t i = 0; i < found.size(); ++i)
    if (const auto best = find_best(found, positions[i]); kept.contains(found[i].first) && best != found.end())
      keep.insert(best->first);
  for (const auto& [step, path] : found)
    if (!keep.contains(step)) remove_checkpoint(path);
}

void remove_abandoned_checkpoints(const std::filesystem::path& checkpoints, int64_t step, int64_t spike_step) {
  for (const auto& [found, path] : list_checkpoints(checkpoints))
    if (found > step && found <= spike_step) remove_checkpoint(path);
  if (step > 0)
    name_latest(checkpoints / checkpoint_name(step));
  else
    remove_logged(checkpoints / "latest");
}

void remove_unfinished_checkpoints(const std::filesystem::path& checkpoints) {
  for (const auto& path : entries_of(checkpoints))
    if (path.filename().string().starts_with(kHiddenPrefix)) remove_logged(path);
}

}  // namespace convoy
