// Work on all cores whose results are wanted in order, a few of them at a time.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace convoy {

// work(i) for i in [0, count), in any order on so many threads; consume(i, its result) in order, in this thread. At
// most `ahead` results wait to be consumed. What either throws ends all work and is thrown.
template <class Result>
class OrderedWork {
 public:
  OrderedWork(int64_t count, int threads, int64_t ahead, std::function<Result(int64_t)> work)
      : count_(count), slots_(static_cast<size_t>(std::max<int64_t>(ahead, 1))), work_(std::move(work)) {
    for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { run(); });
  }
  ~OrderedWork() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;

  template <class Consume>
  void consume(Consume&& consume) {
    for (int64_t i = 0; i < count_; ++i) consume(i, take(i));
  }

 private:
  struct Slot {
    std::optional<Result> result;
    std::exception_ptr failure;
  };
  Slot& slot(int64_t i) { return slots_[static_cast<size_t>(i) % slots_.size()]; }

  Result take(int64_t i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return slot(i).result || slot(i).failure; });
    if (slot(i).failure) std::rethrow_exception(slot(i).failure);
    Result result = std::move(*slot(i).result);
    slot(i).result.reset();
    taken_ = i + 1;
    lock.unlock();
    changed_.notify_all();
    return result;
  }

  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock,
                    [&] { return stop_ || next_ == count_ || next_ - taken_ < static_cast<int64_t>(slots_.size()); });
      if (stop_ || next_ == count_) return;
      const int64_t i = next_++;
      lock.unlock();
      Slot made;
      try {
        made.result = work_(i);
      } catch (...) {
        made.failure = std::current_exception();
      }
      lock.lock();
      slot(i) = std::move(made);
      lock.unlock();
      changed_.notify_all();
    }
  }

  const int64_t count_;
  std::vector<Slot> slots_;
  std::function<Result(int64_t)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t next_ = 0, taken_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;  // last: they start when all else is there
};

// A budget of memory that threads share: whoever would go beyond it waits for the others. One alone always may.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t bytes) : bytes_(bytes) {}

  void take(int64_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return taken_ == 0 || taken_ + bytes <= bytes_; });
    taken_ += bytes;
  }
  void give_back(int64_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      taken_ -= bytes;
    }
    changed_.notify_all();
  }

 private:
  const int64_t bytes_;
  int64_t taken_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace convoy
