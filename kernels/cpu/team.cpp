#include "kernels/cpu/team.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>

namespace convoy::cpu {
namespace {

// Longer than the gap between two loops of an operator, far shorter than what a scheduler gives a thread at a time.
constexpr std::chrono::microseconds kSpin(50);
constexpr int kLooksPerClock = 32;

constexpr uint64_t kClosed = uint64_t{1} << 31;

long futex(std::atomic<uint32_t>& word, int operation, uint32_t value) {
  static_assert(sizeof word == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
  return ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}
void sleep_while(std::atomic<uint32_t>& word, uint32_t value) { futex(word, FUTEX_WAIT_PRIVATE, value); }
void wake_all(std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE_PRIVATE, INT_MAX); }

// Looks until arrived() is true; false after kSpin.
template <class Arrived>
bool spin_until(const Arrived& arrived) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kLooksPerClock; ++i) {
      if (arrived()) return true;
      _mm_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return arrived();
}

}  // namespace

Team& Team::own() {
  thread_local Team team;
  return team;
}

// oneDNN, which is called inside the work, must not begin OpenMP's threads.
Team::Team() : size_(omp_get_max_threads()) { omp_set_num_threads(1); }

Team::~Team() { end(); }

int Team::size() { return own().size_; }

void Team::resize(int threads) {
  Team& team = own();
  if (threads == team.size_ && static_cast<int>(team.threads_.size()) == threads - 1) return;
  team.end();
  team.size_ = threads;
  team.begin();
}

void Team::begin() {
  process_ = ::getpid();
  try {
    for (int thread = 1; thread < size_; ++thread)
      threads_.emplace_back([this, thread, round = round_.load()] { serve(thread, round); });
  } catch (...) {
    end();
    size_ = 1;
    throw;
  }
}

void Team::end() noexcept {
  ending_ = true;
  ++round_;
  wake_all(round_);
  for (std::thread& thread : threads_) process_ == ::getpid() ? thread.join() : thread.detach();
  threads_.clear();
  ending_ = false;
}

void Team::run_round(Call call, const void* work) {
  if (size_ == 1 || running_) return call(work, 0);
  if (threads_.empty()) begin();
  running_ = true;
  call_ = call;
  work_ = work;
  finished_.store(0, std::memory_order_relaxed);
  const uint32_t round = round_.load(std::memory_order_relaxed) + 1;
  gate_.store(uint64_t{round} << 32, std::memory_order_release);
  round_.store(round);
  if (sleeping_.load() > 0) wake_all(round_);
  call(work, 0);
  await_finished(close_gate());
  running_ = false;
}

// False: the round is over, or another one.
bool Team::enter(uint32_t round) {
  uint64_t gate = gate_.load(std::memory_order_relaxed);
  do {
    if (gate >> 32 != round || (gate & kClosed) != 0) return false;
  } while (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acquire, std::memory_order_relaxed));
  return true;
}

uint32_t Team::close_gate() { return static_cast<uint32_t>(gate_.fetch_or(kClosed, std::memory_order_relaxed)); }

// Either the one who sleeps sees the new value, or the one who changes it sees that somebody sleeps.
void Team::await_finished(uint32_t entered) {
  if (spin_until([&] { return finished_.load(std::memory_order_acquire) == entered; })) return;
  caller_sleeps_ = true;
  for (uint32_t finished; (finished = finished_.load()) != entered;) sleep_while(finished_, finished);
  caller_sleeps_ = false;
}

void Team::serve(int thread, uint32_t round) {
  own().size_ = 1;
  for (;;) {
    if (!spin_until([&] { return round_.load(std::memory_order_acquire) != round; })) {
      ++sleeping_;
      while (round_.load() == round) sleep_while(round_, round);
      --sleeping_;
    }
    round = round_.load(std::memory_order_acquire);
    if (ending_) return;
    if (!enter(round)) continue;
    call_(work_, thread);
    ++finished_;
    if (caller_sleeps_) wake_all(finished_);
  }
}

}  // namespace convoy::cpu
