#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/file_observer.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/checkpoint_writer.h"
#include "core/checkpoint/staging.h"

namespace convoy {

class CheckpointStore::Impl {
 public:
  explicit Impl(CheckpointStoreOptions options);
  ~Impl();
  void save(const CheckpointContents& contents);
  void wait();
  std::optional<std::string> failure() const;
  const std::filesystem::path& folder() const { return options_.folder; }

 private:
  void check_writable() const;
  void work();
  std::optional<std::string> write(const CheckpointContents& contents, int64_t save) const;

  const CheckpointStoreOptions options_;
  Staging staging_;  // the caller's while idle, the thread's while writing
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const CheckpointContents* pending_ = nullptr;  // being written: null when idle
  bool stop_ = false;
  int64_t saves_ = 0;
  std::optional<std::string> failure_;
  std::thread thread_;  // last: it uses all of the above
};

CheckpointStore::Impl::Impl(CheckpointStoreOptions options) : options_(std::move(options)) {
  if (options_.nonce.empty() || options_.rank < 0 || options_.rank >= options_.size)
    throw InternalError(
        fmt::format("CheckpointStore: nonce \"{}\", rank {} of {}; wanted a nonce and a rank below size",
                    options_.nonce, options_.rank, options_.size));
  check_writable();
  thread_ = std::thread([this, observer = file_observer()] {
    const ObservedFiles observed(observer);
    work();
  });
}

CheckpointStore::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// At the start, not hours later at the first save.
void CheckpointStore::Impl::check_writable() const {
  try {
    make_folder(options_.folder);
    const auto probe = options_.folder / fmt::format(".writable-{}-{}", options_.nonce, options_.rank);
    write_file_atomically(probe, "x");
    remove_path(probe);
    if (options_.folder.has_parent_path()) sync_folder(options_.folder.parent_path());
  } catch (const FileError& error) {
    throw ConfigError(fmt::format("checkpoints cannot be written: {} (run.dir names the folder)", error.what()));
  }
}

void CheckpointStore::Impl::save(const CheckpointContents& contents) {
  wait();
  const CheckpointContents& copy = staging_.copy(contents);
  {
    const std::lock_guard lock(mutex_);
    pending_ = &copy;
    ++saves_;
  }
  changed_.notify_all();
}

void CheckpointStore::Impl::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_ == nullptr; });
}

std::optional<std::string> CheckpointStore::Impl::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// The thread: ends only when idle, so that a save in progress is finished.
void CheckpointStore::Impl::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || pending_ != nullptr; });
    if (pending_ == nullptr) return;
    const CheckpointContents& contents = *pending_;
    const int64_t save = saves_;
    lock.unlock();
    std::optional<std::string> failure = write(contents, save);
    lock.lock();
    failure_ = std::move(failure);
    pending_ = nullptr;
    changed_.notify_all();
  }
}

std::optional<std::string> CheckpointStore::Impl::write(const CheckpointContents& contents, int64_t save) const {
  try {
    CheckpointWriter(options_, save, contents).write();
    return std::nullopt;
  } catch (const std::exception& error) {
    logging::warn("the checkpoint of step {} was not written: {}. Training goes on; older checkpoints are untouched",
                  contents.position.step, error.what());
    return error.what();
  }
}

CheckpointStore::CheckpointStore(CheckpointStoreOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
CheckpointStore::~CheckpointStore() = default;
void CheckpointStore::save(const CheckpointContents& contents) { impl_->save(contents); }
void CheckpointStore::wait() { impl_->wait(); }
std::optional<std::string> CheckpointStore::failure() const { return impl_->failure(); }
const std::filesystem::path& CheckpointStore::folder() const { return impl_->folder(); }

}  // namespace convoy
