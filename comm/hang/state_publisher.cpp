#include "comm/hang/state_publisher.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "comm/failure_report.h"

namespace convoy::hang {
namespace {

uint64_t own_pid_space() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

}  // namespace

StatePublisher::StatePublisher(int rank, int size) : own_(std::make_unique<StateBlock>()), block_(own_.get()) {
  RankState& state = own_->state;
  state.rank = rank;
  state.size = size;
  state.host = std::string_view(host_name());
  state.pid = ::getpid();
  state.pid_space = own_pid_space();
  state.beat_us = now_us();
}

StatePublisher::~StatePublisher() = default;

template <class Change>
void StatePublisher::change(const Change& change) {
  const std::lock_guard lock(mutex_);
  const uint64_t sequence = block_->sequence.load(std::memory_order_relaxed);
  block_->sequence.exchange(sequence + 1);  // not a store, behind which the change could be seen first
  change(block_->state);
  block_->sequence.store(sequence + 2, std::memory_order_release);
}

int StatePublisher::open_lane(std::string_view name, int rank, int size) {
  int lane = -1;
  change([&](RankState& state) {
    for (size_t l = 0; l < state.lanes.size() && lane < 0; ++l) {
      if (!state.lanes[l].name.view().empty()) continue;
      state.lanes[l] = {.name = name, .rank = rank, .size = size};
      lane = static_cast<int>(l);
    }
  });
  return lane;
}

void StatePublisher::close_lane(int lane) {
  if (lane < 0) return;
  change([&](RankState& state) { state.lanes[static_cast<size_t>(lane)] = {}; });
}

void StatePublisher::enter(int lane, std::string_view what, size_t bytes, int64_t step, std::string_view label) {
  if (lane < 0) return;
  change([&](RankState& state) {
    CollectiveState& last = state.lanes[static_cast<size_t>(lane)].last;
    last = {
        .order = last.order + 1, .bytes = bytes, .step = step, .entered_us = now_us(), .what = what, .label = label};
  });
}

void StatePublisher::leave(int lane) {
  if (lane < 0) return;
  change([&](RankState& state) {
    CollectiveState& last = state.lanes[static_cast<size_t>(lane)].last;
    last.left_us = now_us();
    state.recent[state.recent_count++ % RankState::kRecent] = last;
  });
}

void StatePublisher::set_label(int64_t step, std::string_view label) {
  change([&](RankState& state) {
    state.step = step;
    state.label = label;
  });
}

void StatePublisher::publish_in(const std::filesystem::path& file) {
  auto mapped = std::make_shared<StateFile>(file, state());
  const std::lock_guard lock(mutex_);
  mapped->block().state = block_->state;
  file_ = std::move(mapped);
  path_ = file;
  block_ = &file_->block();
}

void StatePublisher::withdraw() noexcept {
  const std::lock_guard lock(mutex_);
  if (!file_) return;
  own_->state = block_->state;
  block_ = own_.get();
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void StatePublisher::beat(bool flush) {
  change([](RankState& state) {
    ++state.beats;
    state.beat_us = now_us();
  });
  std::shared_ptr<StateFile> file;
  {
    const std::lock_guard lock(mutex_);
    file = file_;
  }
  // Without the lock: whoever enters a collective must not wait for a file system.
  if (flush && file) file->flush();
}

RankState StatePublisher::state() const {
  const std::lock_guard lock(mutex_);
  return block_->state;
}

std::filesystem::path state_path(const std::filesystem::path& folder, int rank) {
  return folder / fmt::format("rank-{:05}.state", rank);
}

}  // namespace convoy::hang
