#include "comm/hang/state_publisher.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

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
  state.machine_beat_us = machine_now_us();
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

void StatePublisher::publish_on(std::shared_ptr<const NodeBoard> board) {
  const std::lock_guard lock(mutex_);
  StateBlock& place = board->block(board->slot());
  place.sequence.exchange(1);
  place.state = block_->state;
  place.sequence.store(2, std::memory_order_release);
  board_ = std::move(board);
  block_ = &place;
}

void StatePublisher::withdraw() noexcept {
  const std::lock_guard lock(mutex_);
  if (!board_) return;
  own_->state = block_->state;
  block_->state.format = 0;
  block_ = own_.get();
  board_.reset();
}

void StatePublisher::beat() {
  change([](RankState& state) {
    state.beat_us = now_us();
    state.machine_beat_us = machine_now_us();
  });
}

RankState StatePublisher::state() const {
  const std::lock_guard lock(mutex_);
  return block_->state;
}

}  // namespace convoy::hang
