#include "tests/virtual_gpu/interpreter/launch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/virtual_gpu/interpreter/profile.h"
#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
namespace {
// Instructions that a block runs before another one of its worker's gets a turn. Blocks seldom wait for each other, so
// most run to their end at once.
constexpr u64 kFirstTurn = 1u << 26, kLaterTurn = 1u << 24, kCooperativeTurn = 50000;
constexpr size_t kMaxResident = 64;  // unfinished blocks per worker

struct Launch {  // one launch, shared by its workers
  Program& program;
  const LaunchConfig& config;
  u64 blocks;
  std::atomic<u64> next_block{0};
  std::atomic<int> error{0};
  std::mutex mutex;  // of the report and the counters
  Counters counters;
};

// Blocks at rest, kept for their buffers; never destroyed, as launches may run at exit.
auto& idle_blocks = *new std::vector<std::unique_ptr<Block>>;
auto& idle_mutex = *new std::mutex;

std::unique_ptr<Block> take_idle_block() {
  const std::lock_guard lock(idle_mutex);
  if (idle_blocks.empty()) return std::make_unique<Block>();
  auto block = std::move(idle_blocks.back());
  idle_blocks.pop_back();
  return block;
}

class Worker {
 public:
  Worker(Launch& launch, u64 index, u64 num_workers) : launch_(launch), index_(index), num_workers_(num_workers) {}

  void run() {
    try {
      if (launch_.config.cooperative)
        run_cooperative();
      else
        run_independent();
    } catch (const DeviceFault& fault) {
      report(fault);
    }
    if (!is_profiling()) return;
    const std::lock_guard lock(launch_.mutex);
    launch_.counters.add(counters_);
  }

 private:
  void run_cooperative() {  // every block must be able to wait for every other one
    for (u64 k = index_; k < launch_.blocks; k += num_workers_) resident_.push_back(start(k));
    while (!resident_.empty() && !launch_.error) {
      resume();
      advance(kCooperativeTurn);
    }
  }

  void run_independent() {
    while (!launch_.error) {
      u64 k = launch_.next_block.load();
      const bool wants_more = k < launch_.blocks && resident_.size() < kMaxResident;
      if (wants_more && launch_.next_block.compare_exchange_strong(k, k + 1)) {
        current_ = start(k);
        advance(kFirstTurn);
      } else if (!resident_.empty()) {
        resume();
        advance(kLaterTurn);
      } else if (launch_.next_block.load() >= launch_.blocks) {
        break;
      }
    }
  }

  std::unique_ptr<Block> start(u64 block_index) {
    auto block = take_idle_block();
    block->race = settings().race_check >= 1;
    block->race_global = settings().race_check >= 2;
    block->prof = is_profiling() ? &counters_ : nullptr;
    block->start(launch_.program, launch_.config, block_index);
    return block;
  }

  void resume() {
    current_ = std::move(resident_.front());
    resident_.pop_front();
  }

  void advance(u64 budget) {
    if (current_->run(budget) == Block::Done)
      retire();
    else
      resident_.push_back(std::move(current_));
  }

  void retire() {
    if (is_profiling()) collect_counts(*current_, counters_);
    current_->prof = nullptr;
    const std::lock_guard lock(idle_mutex);
    idle_blocks.push_back(std::move(current_));
  }

  void report(const DeviceFault& fault) {
    const std::lock_guard lock(launch_.mutex);
    if (!launch_.error) {
      fflush(stdout);
      fputs(current_ ? fault_report(*current_, fault).c_str() : (fault.what + "\n").c_str(), stderr);
      fflush(stderr);
    }
    launch_.error = fault.code;
  }

  Launch& launch_;
  const u64 index_, num_workers_;
  Counters counters_;
  std::deque<std::unique_ptr<Block>> resident_;
  std::unique_ptr<Block> current_;
};

void run_workers(Launch& launch) {
  const u64 num_workers = std::min<u64>(static_cast<u64>(std::max(1, settings().threads)), launch.blocks);
  if (num_workers <= 1) return Worker(launch, 0, 1).run();
  std::vector<std::thread> threads;
  for (u64 k = 0; k < num_workers; ++k) threads.emplace_back([&, k] { Worker(launch, k, num_workers).run(); });
  for (std::thread& thread : threads) thread.join();
}
}  // namespace

int launch_kernel(Program& program, const LaunchConfig& config) {
  Launch launch{.program = program, .config = config, .blocks = u64{config.grid[0]} * config.grid[1] * config.grid[2]};
  const auto begin = std::chrono::steady_clock::now();
  run_workers(launch);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  if (is_profiling()) add_to_profile(program.pretty, launch.blocks, elapsed.count(), launch.counters);
  return launch.error;
}
}  // namespace convoy::vgpu
