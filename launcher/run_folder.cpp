#include "launcher/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "launcher/config/load_config.h"
#include "launcher/config/write_config.h"

namespace convoy {
namespace {

// What the saved state was made for: with another value it means nothing.
bool binds_the_state(std::string_view key) {
  constexpr std::array kBinding = {"precision",      "model.family",  "model.layers",     "model.heads",
                                   "model.channels", "model.context", "model.vocabulary", "optimizer.name"};
  return std::find(kBinding.begin(), kBinding.end(), key) != kBinding.end();
}

// What changes nothing that is computed.
bool is_incidental(std::string_view key) {
  constexpr std::array kIncidental = {"run.dir",
                                      "run.resume",
                                      "device",
                                      "model.preset",
                                      "data.prefetch",
                                      "train.stop_at",
                                      "parallel.timeout_s",
                                      "parallel.threads",
                                      "log.every_steps",
                                      "log.tensorboard",
                                      "checkpoint.every_steps",
                                      "checkpoint.keep_last"};
  return std::find(kIncidental.begin(), kIncidental.end(), key) != kIncidental.end();
}

std::vector<std::string> compare_with_earlier(const Config& config, const RunPaths& paths) {
  std::vector<std::string> changes;
  std::string binding;
  for (const ConfigDifference& d : config_differences(load_config(paths.config(), {}), config)) {
    const std::string text = fmt::format("{}: {} -> {}", d.key, d.before, d.after);
    if (binds_the_state(d.key))
      binding += fmt::format("\n  {}", text);
    else if (!is_incidental(d.key))
      changes.push_back(text);
  }
  if (!binding.empty())
    throw ConfigError(
        fmt::format("the run in {} cannot go on with another model; change these back, or begin a new run "
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

RunState prepare_run_folder(const Config& config) try {
  const RunPaths paths(config.run.dir);
  RunState state;
  std::error_code ignored;
  state.existed = std::filesystem::exists(paths.config(), ignored);
  check_resume(config.run.resume, state.existed, config.run.dir);
  make_folder(paths.folder);
  if (!state.lock.acquire(paths.folder, 3000))
    throw ConfigError(fmt::format("another process is training in {}; wait for it to end, or choose another run.dir",
                                  config.run.dir));
  if (state.existed) state.changes = compare_with_earlier(config, paths);
  write_file_atomically(paths.config(), to_yaml(config));
  return state;
} catch (const FileError& error) {
  throw ConfigError(fmt::format("run.dir = {} is no place to write: {}", config.run.dir, error.what()));
}

RunState open_run_folder(const Config& config, Communicator& communicator) {
  RunState state = communicator.rank() == 0 ? prepare_run_folder(config) : RunState();
  uint8_t existed = state.existed ? 1 : 0;
  communicator.broadcast_host(&existed, sizeof existed, 0);
  state.existed = existed != 0;
  return state;
}

}  // namespace convoy
