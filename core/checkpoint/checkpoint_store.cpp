#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/base/file_observer.h"
#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/checkpoint_writer.h"
#include "core/checkpoint/save_ranks.h"
#include "core/checkpoint/staging.h"

namespace convoy {

namespace {

// Of a save, on top of whoever observes this rank's files already.
class WrittenBytes final : public FileObserver {
 public:
  void before(FileOperation what, const std::filesystem::path& path, size_t bytes) override {
    if (what == FileOperation::write) bytes_ += static_cast<int64_t>(bytes);
    if (next_ != nullptr) next_->before(what, path, bytes);
  }
  void begin() { bytes_ = 0; }
  int64_t bytes() const { return bytes_; }

 private:
  FileObserver* const next_ = file_observer();
  std::atomic<int64_t> bytes_ = 0;
};

}  // namespace

class CheckpointStore::Impl {
 public:
  Impl(std::unique_ptr<Communicator> ranks, CheckpointStoreOptions options);
  ~Impl();
  void save(const CheckpointContents& contents);
  void wait();
  bool begun() const;
  int64_t written_bytes() const { return written_.bytes(); }
  std::optional<std::string> failure() const;
  const std::filesystem::path& folder() const { return options_.folder; }

 private:
  void work();
  std::optional<std::string> write(const CheckpointContents& contents, int64_t save) const;

  const CheckpointStoreOptions options_;
  const std::unique_ptr<Communicator> all_;
  std::optional<SaveRanks> ranks_;
  WrittenBytes written_;
  Staging staging_;  // the caller's while idle, the thread's while writing
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const CheckpointContents* pending_ = nullptr;  // being written: null when idle
  bool stop_ = false;
  int64_t saves_ = 0;
  std::optional<std::string> failure_;
  std::thread thread_;  // last: it uses all of the above
};

CheckpointStore::Impl::Impl(std::unique_ptr<Communicator> ranks, CheckpointStoreOptions options)
    : options_(std::move(options)), all_(std::move(ranks)) {
  if (options_.nonce.empty() || options_.ranks_per_file < 1)
    throw InternalError(fmt::format("CheckpointStore: nonce \"{}\", {} ranks a file; wanted a nonce, and one or more",
                                    options_.nonce, options_.ranks_per_file));
  ranks_.emplace(*all_, options_.ranks_per_file);
  thread_ = std::thread([this] {
    const ObservedFiles observed(&written_);
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

void CheckpointStore::Impl::save(const CheckpointContents& contents) {
  wait();
  const CheckpointContents& copy = staging_.copy(contents);
  {
    const std::lock_guard lock(mutex_);
    pending_ = &copy;
    written_.begin();
    ++saves_;
  }
  changed_.notify_all();
}

void CheckpointStore::Impl::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_ == nullptr; });
}

bool CheckpointStore::Impl::begun() const {
  const std::lock_guard lock(mutex_);
  return saves_ > 0;
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
    CheckpointWriter(options_, *ranks_, save, contents).write();
    return std::nullopt;
  } catch (const std::exception& error) {
    if (all_->rank() == 0)
      logging::warn("the checkpoint of step {} was not written: {}. Training goes on; older checkpoints are untouched",
                    contents.position.step, error.what());
    return error.what();
  }
}

void CheckpointStore::check_writable(const CheckpointStoreOptions& options) {
  try {
    make_folder(options.folder);
    try_writing(options.folder / fmt::format(".writable-{}", options.nonce), "x");
    if (options.folder.has_parent_path()) sync_folder(options.folder.parent_path());
  } catch (const FileError& error) {
    throw ConfigError(fmt::format("checkpoints cannot be written: {} (run.dir names the folder)", error.what()));
  }
}

CheckpointStore::CheckpointStore(Communicator& ranks, CheckpointStoreOptions options)
    : impl_(std::make_unique<Impl>(ranks.background(), std::move(options))) {}
CheckpointStore::~CheckpointStore() = default;
void CheckpointStore::save(const CheckpointContents& contents) { impl_->save(contents); }
void CheckpointStore::wait() { impl_->wait(); }
bool CheckpointStore::begun() const { return impl_->begun(); }
int64_t CheckpointStore::written_bytes() const { return impl_->written_bytes(); }
std::optional<std::string> CheckpointStore::failure() const { return impl_->failure(); }
const std::filesystem::path& CheckpointStore::folder() const { return impl_->folder(); }

}  // namespace convoy
