#include "comm/hang/node_board.h"

#include <unistd.h>

namespace convoy::hang {
namespace {

constexpr int kReadAttempts = 20;

}  // namespace

std::optional<RankState> state_in(const StateBlock& block) {
  RankState state;
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    const uint64_t before = block.sequence.load(std::memory_order_acquire);
    state = block.state;
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && block.sequence.load(std::memory_order_relaxed) == before) break;
    ::usleep(50);
  }
  if (state.format != RankState::kFormat) return std::nullopt;
  return state;
}

NodeBoard::NodeBoard(Communicator& machine)
    : slot_(machine.rank()),
      slots_(machine.size()),
      memory_(machine, sizeof(Head) + static_cast<size_t>(slots_) * sizeof(StateBlock)) {
  static_assert(sizeof(Head) % alignof(StateBlock) == 0);
  if (slot_ == 0) head().begun_us[static_cast<size_t>(Duty::summary)] = machine_now_us();  // its own, as it begins
}

StateBlock& NodeBoard::block(int slot) const {
  return reinterpret_cast<StateBlock*>(memory_.data() + sizeof(Head))[slot];
}

bool NodeBoard::take(Duty duty, std::chrono::duration<double> pause) const {
  std::atomic<int64_t>& begun = head().begun_us[static_cast<size_t>(duty)];
  const int64_t now = machine_now_us();
  int64_t before = begun.load();
  if (before != 0 && static_cast<double>(now - before) < pause.count() * 1e6) return false;
  return begun.compare_exchange_strong(before, now);
}

void NodeBoard::put_verdict(std::string_view text) const {
  if (head().verdict_taken.exchange(true)) return;
  head().verdict = text;
  head().verdict_there = true;
}

std::optional<std::string> NodeBoard::verdict() const {
  if (!head().verdict_there) return std::nullopt;
  return std::string(head().verdict.view());
}

}  // namespace convoy::hang
