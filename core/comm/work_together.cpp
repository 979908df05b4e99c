#include "core/comm/work_together.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/file_observer.h"
#include "core/base/logging.h"
#include "core/comm/rank_failure.h"

namespace convoy {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstBeat(20), kLongestBeat(250);
constexpr double kSecondsBetweenWords = 10;

enum class Part : uint8_t { working, done, failed };

// Of the calling thread, on top of whoever observes it already.
class CountedBytes final : public FileObserver {
 public:
  void before(FileOperation what, const std::filesystem::path& path, size_t bytes) override {
    bytes_ += static_cast<int64_t>(bytes);
    if (next_ != nullptr) next_->before(what, path, bytes);
  }
  int64_t bytes() const { return bytes_; }

 private:
  FileObserver* const next_ = file_observer();
  std::atomic<int64_t> bytes_ = 0;
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Exchanges how far the ranks are until none works any more.
class Vigil {
 public:
  Vigil(Communicator& communicator, const FileWork& work, std::function<int64_t()> bytes)
      : communicator_(communicator), work_(work), bytes_(std::move(bytes)), thread_([this] { watch(); }) {}
  ~Vigil() { thread_.join(); }

  void end(Part how) {
    {
      const std::lock_guard lock(mutex_);
      mine_ = how;
    }
    changed_.notify_all();
  }
  // How each rank's part ended. Throws what the communicator threw.
  const std::vector<Part>& await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
    if (failure_) std::rethrow_exception(failure_);
    return parts_;
  }

 private:
  void watch() {
    try {
      for (auto beat = kFirstBeat; exchange(beat); beat = std::min(2 * beat, kLongestBeat)) look_at_clock();
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }

  // Whether somebody works.
  bool exchange(std::chrono::milliseconds beat) {
    Part mine;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, beat, [this] { return mine_ != Part::working; });
      mine = mine_;
    }
    communicator_.all_gather_host(parts_.data(), &mine, sizeof mine);
    return std::ranges::count(parts_, Part::working) > 0;
  }

  void look_at_clock() {
    const double elapsed_s = seconds_since(start_);
    if (work_.limit_s > 0 && elapsed_s > work_.limit_s)
      communicator_.abort(ExitCode::timed_out,
                          fmt::format("{} has taken {:.0f} s, longer than checkpoint.timeout_s = {}; {}. Look at the "
                                      "file system, or raise checkpoint.timeout_s (0: as long as it takes)",
                                      work_.what, elapsed_s, work_.limit_s, who_works()));
    if (communicator_.rank() != 0 || elapsed_s < words_after_s_) return;
    words_after_s_ += kSecondsBetweenWords;
    const int64_t bytes = bytes_();
    logging::info("{}: for {:.0f} s so far; {}{}", work_.what, elapsed_s, who_works(),
                  bytes == 0 ? std::string()
                             : fmt::format("; here {:.1f} MB, {:.3g} MB/s", static_cast<double>(bytes) / 1e6,
                                           static_cast<double>(bytes) / 1e6 / elapsed_s));
  }

  std::string who_works() const {
    const auto count = std::ranges::count(parts_, Part::working);
    const auto first = std::ranges::find(parts_, Part::working) - parts_.begin();
    return count == 1 ? fmt::format("rank {} still works", first)
                      : fmt::format("{} of {} ranks still work, rank {} among them", count, parts_.size(), first);
  }

  Communicator& communicator_;
  const FileWork& work_;
  const std::function<int64_t()> bytes_;
  const Clock::time_point start_ = Clock::now();
  double words_after_s_ = kSecondsBetweenWords;
  std::mutex mutex_;
  std::condition_variable changed_;
  Part mine_ = Part::working;
  std::vector<Part> parts_ = std::vector<Part>(static_cast<size_t>(communicator_.size()), Part::working);
  bool over_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

void work_together(Communicator& communicator, const FileWork& work, const std::function<void()>& part) {
  if (communicator.size() == 1) return part();
  CountedBytes counted;
  RankFailure mine;
  std::vector<Part> parts;
  {
    Vigil vigil(
        communicator, work, work.bytes ? work.bytes : [&counted] { return counted.bytes(); });
    {
      const ObservedFiles observed(&counted);
      mine = failure_of(part);
    }
    vigil.end(mine.happened() ? Part::failed : Part::done);
    parts = vigil.await();
  }
  const auto failed = std::ranges::find(parts, Part::failed);
  if (failed != parts.end()) throw_failure_of(static_cast<int>(failed - parts.begin()), mine, communicator);
}

}  // namespace convoy
