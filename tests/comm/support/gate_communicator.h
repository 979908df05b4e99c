// Two ranks of which the other is very slow: every collective waits until the test opens the gate, then does nothing.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "core/comm/communicator.h"

namespace convoy::test {

class GateCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  int local_rank() const override { return 0; }
  int local_size() const override { return 2; }
  void label(int64_t, std::string_view) override {}

  void all_reduce(Stream& stream, const Tensor&) override { pass(stream); }
  void all_gather(Stream& stream, const Tensor&, const Tensor&) override { pass(stream); }
  void all_to_all(Stream& stream, const Tensor& out, const Tensor&) override {
    pass(stream);
    stream.zero(out.data, out.bytes());
  }
  void reduce_scatter(Stream& stream, const Tensor&, const Tensor&) override { pass(stream); }
  void broadcast(Stream& stream, const Tensor&, int) override { pass(stream); }
  void barrier_host() override {}
  void broadcast_host(void*, size_t, int) override {}
  void all_gather_host(void*, const void*, size_t) override {}
  std::unique_ptr<Communicator> split(int, int) override { return nullptr; }
  std::unique_ptr<Communicator> machine_ranks() override { return nullptr; }
  [[noreturn]] void abort(ExitCode, std::string_view) noexcept override { std::abort(); }

  void open() {
    change([this] { open_ = true; });
  }
  void break_down() {
    change([this] { open_ = broken_ = true; });
  }
  // Blocks until a collective has begun.
  void await_first() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return begun_ > 0; });
  }

 private:
  template <class Change>
  void change(const Change& make) {
    const std::lock_guard lock(mutex_);
    make();
    changed_.notify_all();
  }
  void pass(Stream& stream) {
    stream.run([this] {
      change([this] { ++begun_; });
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return open_; });
      if (broken_) throw InternalError("the network broke down");
    });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0;
  bool open_ = false, broken_ = false;
};

}  // namespace convoy::test
