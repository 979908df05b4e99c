#include "comm/local/thread_communicator.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "comm/blocking_communicator.h"
#include "comm/failure_report.h"
#include "comm/local/rendezvous.h"

namespace convoy {
namespace {

// What the ranks of a group share. Collectives and host operations meet apart, since they run in different threads.
struct ThreadGroup {
  explicit ThreadGroup(int ranks) : size(ranks), collectives(ranks), host(ranks) {}

  void break_up(const std::string& reason) {
    collectives.break_up(reason);
    host.break_up(reason);
    const std::lock_guard lock(mutex);
    for (const auto& child : children) child->break_up(reason);
  }

  const int size;
  Rendezvous collectives, host;
  std::mutex mutex;
  std::vector<std::shared_ptr<ThreadGroup>> children;  // made by split
};

const std::byte* at(const void* data, size_t bytes) { return static_cast<const std::byte*>(data) + bytes; }
std::byte* at(void* data, size_t bytes) { return static_cast<std::byte*>(data) + bytes; }

void copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0 && to != from) std::memcpy(to, from, bytes);
}

class ThreadCommunicator final : public BlockingCommunicator {
 public:
  ThreadCommunicator(std::shared_ptr<ThreadGroup> group, int rank, double timeout_s)
      : group_(std::move(group)), rank_(rank), timeout_s_(timeout_s), watchdog_(make_watchdog(timeout_s)) {}

  int rank() const override { return rank_; }
  int size() const override { return group_->size; }
  int local_rank() const override { return rank_; }
  int local_size() const override { return group_->size; }

  std::unique_ptr<Communicator> split(int color, int key) override { return split(color, key, timeout_s_); }
  std::unique_ptr<Communicator> background() override { return split(0, rank_, 0); }
  std::unique_ptr<Communicator> machine_ranks() override { return split(0, rank_); }

  [[noreturn]] void abort(ExitCode code, std::string_view reason) noexcept override {
    static std::atomic<bool> reported = false;
    if (!reported.exchange(true)) {
      report_failure(rank_, reason);
      exit_now(code);
    }
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));  // until the one who reported ends the process
  }

 private:
  std::unique_ptr<Communicator> split(int color, int key, double timeout_s);
  void block_all_reduce(const Tensor& x) override;
  void block_all_gather(const Tensor& out, const Tensor& in) override {
    gather(group_->collectives, out.data, in.data, in.bytes());
  }
  void block_all_to_all(const Tensor& out, const Tensor& in) override;
  void block_reduce_scatter(const Tensor& out, const Tensor& in) override;
  void block_broadcast(const Tensor& x, int root) override {
    send_from_root(group_->collectives, x.data, x.bytes(), root);
  }
  void block_barrier() override { group_->host.meet(); }
  void block_broadcast_bytes(void* data, size_t bytes, int root) override {
    send_from_root(group_->host, data, bytes, root);
  }
  void block_all_gather_bytes(void* out, const void* in, size_t bytes) override {
    gather(group_->host, out, in, bytes);
  }

  void gather(Rendezvous& place, void* out, const void* in, size_t bytes);
  void send_from_root(Rendezvous& place, void* data, size_t bytes, int root);
  template <class Element>
  void sum_in_place(const Tensor& x);

  const std::shared_ptr<ThreadGroup> group_;
  const int rank_;
  const double timeout_s_;
  const std::unique_ptr<Watchdog> watchdog_;
};

void ThreadCommunicator::gather(Rendezvous& place, void* out, const void* in, size_t bytes) {
  place.meet(rank_, {in, out});
  for (int r = 0; r < size(); ++r) copy(at(out, static_cast<size_t>(r) * bytes), place.of(r).in, bytes);
  place.meet();
}

void ThreadCommunicator::send_from_root(Rendezvous& place, void* data, size_t bytes, int root) {
  place.meet(rank_, {data, nullptr});
  copy(data, place.of(root).in, bytes);
  place.meet();
}

void ThreadCommunicator::block_all_reduce(const Tensor& x) {
  if (x.dtype == DType::f32)
    sum_in_place<float>(x);
  else
    sum_in_place<int64_t>(x);
}

// Each rank sums its part in rank order, in place: nobody else reads that part of its buffer before the next meeting.
template <class Element>
void ThreadCommunicator::sum_in_place(const Tensor& x) {
  Rendezvous& place = group_->collectives;
  const auto begin_of = [&](int r) { return x.elements() * r / size(); };
  place.meet(rank_, {x.data, x.data});
  for (int64_t i = begin_of(rank_); i < begin_of(rank_ + 1); ++i) {
    Element sum{};
    for (int r = 0; r < size(); ++r) sum += static_cast<const Element*>(place.of(r).in)[i];
    x.as<Element>()[i] = sum;
  }
  place.meet();
  for (int r = 0; r < size(); ++r) {
    const Tensor part = x.range(begin_of(r), begin_of(r + 1) - begin_of(r));
    copy(part.data, at(place.of(r).in, static_cast<size_t>(begin_of(r)) * sizeof(Element)), part.bytes());
  }
  place.meet();
}

void ThreadCommunicator::block_all_to_all(const Tensor& out, const Tensor& in) {
  Rendezvous& place = group_->collectives;
  const size_t part = in.bytes() / static_cast<size_t>(size());
  place.meet(rank_, {in.data, nullptr});
  for (int r = 0; r < size(); ++r)
    copy(at(out.data, static_cast<size_t>(r) * part), at(place.of(r).in, static_cast<size_t>(rank_) * part), part);
  place.meet();
}

void ThreadCommunicator::block_reduce_scatter(const Tensor& out, const Tensor& in) {
  Rendezvous& place = group_->collectives;
  const int64_t n = out.elements();
  place.meet(rank_, {in.data, nullptr});
  for (int64_t i = 0; i < n; ++i) {
    float sum = 0;
    for (int r = 0; r < size(); ++r) sum += static_cast<const float*>(place.of(r).in)[rank_ * n + i];
    out.as<float>()[i] = sum;
  }
  place.meet();
}

std::unique_ptr<Communicator> ThreadCommunicator::split(int color, int key, double timeout_s) {
  struct Wish {
    int color, key, rank;
  };
  const Wish mine{color, key, rank_};
  std::vector<Wish> wishes(static_cast<size_t>(size()));
  all_gather_host(wishes.data(), &mine, sizeof mine);
  std::erase_if(wishes, [&](const Wish& w) { return w.color != color; });
  std::stable_sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) { return a.key < b.key; });

  // The first of each colour makes the group, the others take it from its shelf before the last meeting.
  std::shared_ptr<ThreadGroup> child;
  if (wishes.front().rank == rank_) {
    child = std::make_shared<ThreadGroup>(static_cast<int>(wishes.size()));
    const std::lock_guard lock(group_->mutex);
    group_->children.push_back(child);
  }
  group_->host.meet(rank_, {&child, nullptr});
  auto group = *static_cast<const std::shared_ptr<ThreadGroup>*>(group_->host.of(wishes.front().rank).in);
  group_->host.meet();
  const auto me = std::find_if(wishes.begin(), wishes.end(), [&](const Wish& w) { return w.rank == rank_; });
  return std::make_unique<ThreadCommunicator>(std::move(group), static_cast<int>(me - wishes.begin()), timeout_s);
}

}  // namespace

void on_threads(int ranks, const std::function<void(Communicator&)>& body, double timeout_s) {
  const auto group = std::make_shared<ThreadGroup>(ranks);
  std::mutex mutex;
  std::exception_ptr first;
  const auto fail = [&](const std::string& reason) {
    {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
    group->break_up(reason);
  };
  const auto run_rank = [&](int rank) {
    try {
      ThreadCommunicator communicator(group, rank, timeout_s);
      body(communicator);
    } catch (const std::exception& error) {
      fail(error.what());
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) threads.emplace_back(run_rank, rank);
  for (std::thread& thread : threads) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace convoy
