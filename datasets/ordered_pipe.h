// Items that come one after the other, worked on by several threads, with the results in the items' order: what a
// table's blocks go through. The number of items need not be known, and only a few of them are in memory.
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

template <class Item, class Result>
class OrderedPipe {
 public:
  using Next = std::function<bool(Item&)>;     // fills in the next item, one call at a time; false: there is none
  using Work = std::function<Result(Item&&)>;  // on any thread

  OrderedPipe(int threads, Next next, Work work)
      : next_(std::move(next)), work_(std::move(work)), slots_(2 * static_cast<size_t>(std::max(threads, 1))) {
    for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { run(); });
  }
  ~OrderedPipe() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  OrderedPipe(const OrderedPipe&) = delete;
  OrderedPipe& operator=(const OrderedPipe&) = delete;

  // The next result; absent: that was all. Throws what the first item that failed threw.
  std::optional<Result> take() {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[static_cast<size_t>(taken_) % slots_.size()];
    changed_.wait(lock, [&] { return slot.result || slot.failure || taken_ == end_; });
    if (slot.failure) std::rethrow_exception(slot.failure);
    if (!slot.result) return std::nullopt;
    std::optional<Result> result = std::move(slot.result);
    slot.result.reset();
    ++taken_;
    lock.unlock();
    changed_.notify_all();
    return result;
  }

 private:
  struct Slot {
    std::optional<Result> result;
    std::exception_ptr failure;
  };

  void run() {
    for (;;) {
      Item item;
      const int64_t ticket = fetch(item);
      if (ticket < 0) return;
      Slot made;
      try {
        made.result = work_(std::move(item));
      } catch (...) {
        made.failure = std::current_exception();
      }
      put(ticket, std::move(made));
    }
  }

  // The item's number; -1: there is no more to do.
  int64_t fetch(Item& item) {
    const std::lock_guard reading(read_mutex_);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stop_ || end_ >= 0 || issued_ - taken_ < static_cast<int64_t>(slots_.size()); });
    if (stop_ || end_ >= 0) return -1;
    const int64_t ticket = issued_++;
    lock.unlock();
    Slot failed;
    try {
      if (next_(item)) return ticket;
    } catch (...) {
      failed.failure = std::current_exception();
    }
    put(ticket, std::move(failed));
    lock.lock();
    end_ = ticket;
    lock.unlock();
    changed_.notify_all();
    return -1;
  }

  void put(int64_t ticket, Slot made) {
    {
      const std::lock_guard lock(mutex_);
      slots_[static_cast<size_t>(ticket) % slots_.size()] = std::move(made);
    }
    changed_.notify_all();
  }

  Next next_;
  Work work_;
  std::mutex read_mutex_, mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  int64_t issued_ = 0, taken_ = 0, end_ = -1;  // end: the number of items, once it is known
  bool stop_ = false;
  std::vector<std::thread> threads_;  // last: they start when all else is there
};

}  // namespace convoy
