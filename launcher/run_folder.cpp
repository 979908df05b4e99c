#include "launcher/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/comm/work_together.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"

namespace convoy {
namespace {

std::vector<std::string> compare_with_earlier(const Config& config, const RunPaths& paths) {
  std::vector<std::string> changes;
  std::string binding;
  for (const ConfigDifference& d : config_differences(load_config(paths.config(), {}), config)) {
    const std::string text = fmt::format("{}: {} -> {}", d.key, d.before, d.after);
    if (d.effect == Effect::binds)
      binding += fmt::format("\n  {}", text);
    else if (d.effect == Effect::computes)
      changes.push_back(text);
  }
  if (!binding.empty())
    throw ConfigError(
        fmt::format("what is saved of the run in {} was made with other values; change these back, or begin a new run "
                    "with another run.dir{}",
                    paths.folder.string(), binding));
  return changes;
}

void check_resume(Resume resume, bool existed, const std::string& folder) {
  if (existed && resume == Resume::never)
    throw ConfigError(
        fmt::format("there is a run in {} already, and it is never overwritten; go on with it by --resume, "
                    "choose another run.dir, or remove the folder",
                    folder));
  if (!existed && resume == Resume::must)
    throw ConfigError(
        fmt::format("no run to resume in {}: it holds no config.yaml; check run.dir, or begin a new run "
                    "without --resume",
                    folder));
}

std::set<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> entries;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) entries.insert(entry.path());
  return entries;
}

// Finds out before anything is built for the run.
void check_writable(const std::filesystem::path& folder) {
  try_writing(folder / ".trial", "");
}

[[noreturn]] void throw_not_writable(const std::filesystem::path& folder, const FileError& error) {
  throw ConfigError(fmt::format("run.dir = {} is no place to write: {}", folder.string(), error.what()));
}

}  // namespace

bool FolderLock::acquire(const std::filesystem::path& folder, int wait_ms) {
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) return true;  // making files there will say what is wrong
  for (; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; wait_ms -= 50) {
    if (wait_ms <= 0) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : paths_(std::move(other.paths_)),
      existed_(other.existed_),
      changes_(std::move(other.changes_)),
      lock_(std::move(other.lock_)),
      made_here_(other.made_here_),
      earlier_(std::move(other.earlier_)),
      owned_(std::exchange(other.owned_, false)) {}

RunFolder::~RunFolder() {
  if (!owned_ || existed_) return;
  std::error_code ignored;
  if (made_here_) {
    std::filesystem::remove_all(paths_.folder, ignored);
    return;
  }
  for (const std::filesystem::path& entry : entries_of(paths_.folder))
    if (!earlier_.contains(entry)) std::filesystem::remove_all(entry, ignored);
}

void RunFolder::begin(const Config& config) try {
  std::error_code ignored;
  std::filesystem::remove(paths_.outcome(), ignored);
  write_file_atomically(paths_.config(), to_yaml(config));
  owned_ = false;
} catch (const FileError& error) {
  throw_not_writable(paths_.folder, error);
}

void RunFolder::end(int exit_code, int64_t step) const try {
  write_file_atomically(paths_.outcome(), fmt::format("{{\"exit_code\": {}, \"step\": {}}}\n", exit_code, step));
} catch (const FileError& error) {
  logging::warn("how this start ended is not in the run folder: {}", error.what());
}

void settle_as_run(Config& config) {
  const std::filesystem::path earlier = RunPaths(config.run.dir).config();
  std::error_code ignored;
  const bool goes_on = config.run.resume != Resume::never && std::filesystem::exists(earlier, ignored);
  if (goes_on) config.model.family->settle_as(*load_config(earlier, {}).model.family);
}

RunFolder prepare_run_folder(const Config& config) try {
  const RunPaths paths(config.run.dir);
  RunFolder run(paths.folder);
  run.existed_ = is_there(paths.config());
  check_resume(config.run.resume, run.existed_, config.run.dir);
  run.made_here_ = !is_there(paths.folder);
  make_folder(paths.folder);
  if (!run.lock_.acquire(paths.folder, 3000))
    throw ConfigError(fmt::format("another process is training in {}; wait for it to end, or choose another run.dir",
                                  config.run.dir));
  run.earlier_ = entries_of(paths.folder);
  run.owned_ = true;
  if (run.existed_) run.changes_ = compare_with_earlier(config, paths);
  check_writable(paths.folder);
  return run;
} catch (const FileError& error) {
  throw_not_writable(config.run.dir, error);
}

RunFolder open_run_folder(const Config& config, Communicator& communicator) {
  std::optional<RunFolder> prepared;
  work_together(communicator, {"preparing the run folder", static_cast<double>(config.checkpoint.timeout_s), {}}, [&] {
    if (communicator.rank() == 0) prepared.emplace(prepare_run_folder(config));
  });
  RunFolder run = prepared ? std::move(*prepared) : RunFolder(config.run.dir);
  uint8_t existed = run.existed_ ? 1 : 0;
  communicator.broadcast_host(&existed, sizeof existed, 0);
  run.existed_ = existed != 0;
  return run;
}

}  // namespace convoy
