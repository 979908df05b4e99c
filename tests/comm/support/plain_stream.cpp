#include "tests/comm/support/plain_stream.h"

#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace convoy::test {
namespace {

class PlainEvent final : public Event {
 public:
  uint64_t record() {
    const std::lock_guard lock(mutex_);
    return ++recorded_;
  }
  uint64_t last() const {
    const std::lock_guard lock(mutex_);
    return recorded_;
  }
  void reach(uint64_t point, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    reached_ = point;
    error_ = std::move(error);
    changed_.notify_all();
  }
  void wait(uint64_t point) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_ >= point; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t recorded_ = 0, reached_ = 0;
  std::exception_ptr error_;
};

class PlainStream : public Stream {
 public:
  void copy(void* to, const void* from, size_t bytes) override {
    run([=] {
      if (bytes > 0) std::memcpy(to, from, bytes);
    });
  }
  void copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) override {
    run([=] {
      for (size_t row = 0; row < rows; ++row)
        std::memcpy(static_cast<std::byte*>(to) + row * to_pitch,
                    static_cast<const std::byte*>(from) + row * from_pitch, width);
    });
  }
  void zero(void* memory, size_t bytes) override {
    run([=] { std::memset(memory, 0, bytes); });
  }
};

class CallerStream final : public PlainStream {
 public:
  void record(Event& event) override {
    auto& plain = static_cast<PlainEvent&>(event);
    plain.reach(plain.record(), nullptr);
  }
  void wait(Event& event) override {
    auto& plain = static_cast<PlainEvent&>(event);
    plain.wait(plain.last());
  }
  void run(std::function<void()> work) override { work(); }
  void synchronize() override {}
};

class ThreadStream final : public PlainStream {
 public:
  ThreadStream() : thread_([this] { work(); }) {}
  ~ThreadStream() override {
    enqueue({});
    thread_.join();
  }
  void record(Event& event) override {
    auto& plain = static_cast<PlainEvent&>(event);
    enqueue({.work = nullptr, .reached = &plain, .point = plain.record()});
  }
  void wait(Event& event) override {
    auto& plain = static_cast<PlainEvent&>(event);
    run([&plain, point = plain.last()] { plain.wait(point); });
  }
  void run(std::function<void()> work) override { enqueue({.work = std::move(work), .reached = nullptr, .point = 0}); }
  void synchronize() override {
    PlainEvent done;
    record(done);
    done.wait(done.last());
  }

 private:
  struct Item {
    std::function<void()> work;
    PlainEvent* reached = nullptr;
    uint64_t point = 0;
  };

  void enqueue(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_one();
  }
  Item next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !items_.empty(); });
    Item item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  void work() {
    std::exception_ptr error;
    for (Item item = next(); item.work || item.reached; item = next()) {
      if (item.reached) item.reached->reach(item.point, error);
      if (!item.work || error) continue;
      try {
        item.work();
      } catch (...) {
        error = std::current_exception();
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(StreamKind kind) {
  if (kind == StreamKind::compute) return std::make_unique<CallerStream>();
  return std::make_unique<ThreadStream>();
}

std::unique_ptr<Event> make_plain_event() { return std::make_unique<PlainEvent>(); }

}  // namespace convoy::test
