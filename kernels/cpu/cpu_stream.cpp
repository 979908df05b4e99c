#include "kernels/cpu/cpu_stream.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/integers.h"
#include "core/base/logging.h"
#include "kernels/cpu/cpu_event.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/team.h"

namespace convoy::cpu {
namespace {

// Rows of bytes to copy, or to zero where `from` is null.
struct CopyRows {
  void* to;
  size_t to_pitch;
  const void* from;
  size_t from_pitch, width, rows;

  void operator()() const {
    for (size_t row = 0; row < rows; ++row) {
      std::byte* target = static_cast<std::byte*>(to) + row * to_pitch;
      if (from == nullptr)
        std::memset(target, 0, width);
      else
        std::memcpy(target, static_cast<const std::byte*>(from) + row * from_pitch, width);
    }
  }
};

CopyRows copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) {
  if (to_pitch == width && from_pitch == width) return {to, width * rows, from, width * rows, width * rows, 1};
  return {to, to_pitch, from, from_pitch, width, rows};
}

class InlineStream final : public CpuStream {
 public:
  bool is_inline() const override { return true; }
  void record(Event& event) override { static_cast<CpuEvent&>(event).next_point()->reach(nullptr); }
  void wait(Event& event) override {
    if (const auto point = static_cast<CpuEvent&>(event).last_point()) point->wait();
  }
  void run(std::function<void()> work) override { work(); }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) override {
    copy_rows(to, to_pitch, from, from_pitch, width, rows)();
  }
  void zero(void* memory, size_t bytes) override {
    // One processor alone does not fill the way to memory.
    constexpr size_t kPiece = size_t{1} << 20;
    parallel_for(static_cast<int64_t>(ceil_div(bytes, kPiece)), [&](int64_t piece) {
      const size_t begin = static_cast<size_t>(piece) * kPiece;
      std::memset(static_cast<std::byte*>(memory) + begin, 0, std::min(kPiece, bytes - begin));
    });
  }
  void synchronize() override {}
};

// Hands work to one thread. Queue and batch swap their storage, so that a steady state allocates nothing for events
// and copies.
class ThreadStream final : public CpuStream {
 public:
  ThreadStream() : thread_([this] { serve(); }) {}
  ~ThreadStream() override;

  bool is_inline() const override { return false; }
  void record(Event& event) override { push(Record{static_cast<CpuEvent&>(event).next_point()}); }
  void wait(Event& event) override {
    if (auto point = static_cast<CpuEvent&>(event).last_point()) push(Wait{std::move(point)});
  }
  void run(std::function<void()> work) override { push(std::move(work)); }
  void copy(void* to, const void* from, size_t bytes) override {
    if (bytes > 0) push(CopyRows{to, bytes, from, bytes, bytes, 1});
  }
  void copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) override {
    if (width > 0) push(copy_rows(to, to_pitch, from, from_pitch, width, rows));
  }
  void zero(void* memory, size_t bytes) override {
    if (bytes > 0) push(CopyRows{memory, bytes, nullptr, bytes, bytes, 1});
  }
  void synchronize() override;

 private:
  struct Record {
    std::shared_ptr<EventPoint> point;
  };
  struct Wait {
    std::shared_ptr<EventPoint> point;
    void operator()() const { point->wait(); }
  };
  using Task = std::variant<std::function<void()>, CopyRows, Record, Wait>;

  void push(Task task);
  void serve();
  void execute(Task& task);

  std::mutex mutex_;
  std::condition_variable arrived_, finished_;
  std::vector<Task> queue_;
  size_t pushed_ = 0, done_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;  // guarded by mutex_
  std::thread thread_;
};

ThreadStream::~ThreadStream() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const std::exception& error) {
    logging::error("work on a stream failed and nobody synchronized with it: {}", error.what());
  } catch (...) {
    logging::error("work on a stream failed and nobody synchronized with it");
  }
}

void ThreadStream::push(Task task) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(task));
    ++pushed_;
  }
  arrived_.notify_one();
}

void ThreadStream::serve() {
  Team::resize(1);
  std::vector<Task> batch;
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    batch.swap(queue_);
    lock.unlock();
    for (Task& task : batch) execute(task);
    batch.clear();
    lock.lock();
  }
}

void ThreadStream::execute(Task& task) {
  std::exception_ptr failure, thrown;
  {
    const std::lock_guard lock(mutex_);
    failure = failure_;
  }
  if (const auto* record = std::get_if<Record>(&task)) {
    record->point->reach(failure);
  } else if (!failure) {
    try {
      std::visit(
          [](const auto& work) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(work)>, Record>) work();
          },
          task);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  task = CopyRows{};  // what the work captured must not outlive it: synchronize() may return next
  const std::lock_guard lock(mutex_);
  if (thrown) failure_ = thrown;
  ++done_;
  finished_.notify_all();
}

void ThreadStream::synchronize() {
  std::unique_lock lock(mutex_);
  const size_t wanted = pushed_;
  finished_.wait(lock, [&] { return done_ >= wanted; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

}  // namespace

std::unique_ptr<Stream> make_cpu_stream(StreamKind kind) {
  if (kind == StreamKind::compute) return std::make_unique<InlineStream>();
  return std::make_unique<ThreadStream>();
}

}  // namespace convoy::cpu
