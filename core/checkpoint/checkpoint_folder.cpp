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
  std::error_code error;
  std::filesystem::directory_iterator iterator(folder, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  std::vector<std::filesystem::path> paths;
  const std::filesystem::directory_iterator end;
  while (!error && iterator != end) {
    paths.push_back(iterator->path());
    iterator.increment(error);
  }
  if (error) throw CheckpointError(FileError("list", folder, error.value()).what());
  return paths;
}

void remove_logged(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) logging::warn("cannot remove {}: {}; remove it by hand", path.string(), error.message());
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

// Absent: it has none, or is damaged and cannot be the best.
std::optional<Evaluation> evaluation_of(const std::filesystem::path& checkpoint) {
  try {
    return parse_manifest(read_file(checkpoint / kManifestName)).position.evaluation;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string checkpoint_name(int64_t step) { return fmt::format("step-{:08}", step); }

std::string unfinished_name(int64_t step, std::string_view nonce, int64_t save) {
  return fmt::format(".{}.{}.{}.tmp", checkpoint_name(step), nonce, save);
}

std::string optimizer_file_name(int rank, int size) {
  return fmt::format("optimizer-{:05}-of-{:05}.safetensors", rank, size);
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
  const std::filesystem::path latest = checkpoint.parent_path() / "latest";
  const std::string name = checkpoint.filename().string() + "\n";
  std::error_code ignored;
  if (!std::filesystem::exists(latest, ignored) || read_file(latest) != name) write_file_atomically(latest, name);
} catch (const FileError& error) {
  logging::warn("`latest` does not name the newest checkpoint: {}", error.what());
}

void remove_old_checkpoints(const std::filesystem::path& checkpoints, int64_t newest_step, const Retention& retention,
                            std::optional<int64_t> rollback_step) {
  if (retention.keep_last <= 0) return;
  auto found = list_checkpoints(checkpoints);
  std::erase_if(found, [&](const auto& checkpoint) { return checkpoint.first > newest_step; });
  std::vector<CheckpointFacts> facts;
  for (const auto& [step, path] : found)
    facts.push_back({step, retention.keep_best > 0 ? evaluation_of(path) : std::nullopt});
  std::set<int64_t> keep = checkpoints_to_keep(facts, retention);
  if (rollback_step) keep.insert(*rollback_step);
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

void remove_failed_saves(const std::filesystem::path& checkpoints, std::string_view nonce, int64_t save) {
  for (const auto& path : entries_of(checkpoints)) {
    const std::string name = path.filename().string();  // as unfinished_name makes it
    const size_t place = name.find(fmt::format(".{}.", nonce));
    if (!name.starts_with(kHiddenPrefix) || place == std::string::npos) continue;
    int64_t number = save;
    std::from_chars(name.data() + place + nonce.size() + 2, name.data() + name.size(), number);
    if (number < save) remove_logged(path);
  }
}

void remove_unfinished_checkpoints(const std::filesystem::path& checkpoints) {
  for (const auto& path : entries_of(checkpoints))
    if (path.filename().string().starts_with(kHiddenPrefix)) remove_logged(path);
}

}  // namespace convoy
