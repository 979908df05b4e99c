// What the ranks of one machine let each other know: their states, and what has been found out about a hang. It lies in
// memory that all of them have mapped, so that a state is up to date at the very moment its process stops, and costs no
// system call to change or to read.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "comm/hang/rank_state.h"
#include "core/comm/machine_memory.h"

namespace convoy::hang {

// A rank's place there. The sequence is odd while the state is being changed.
struct StateBlock {
  std::atomic<uint64_t> sequence;
  RankState state;
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

// Of a process that was stopped amid a change, the state as it is. Nothing if no state lies there.
std::optional<RankState> state_in(const StateBlock& block);

class NodeBoard {
 public:
  // Collective over the ranks of a machine; this rank's slot is its rank among them. Where memory cannot be shared each
  // sees itself alone.
  explicit NodeBoard(Communicator& machine);
  NodeBoard(const NodeBoard&) = delete;
  NodeBoard& operator=(const NodeBoard&) = delete;

  int slot() const { return slot_; }
  int slots() const { return slots_; }
  StateBlock& block(int slot) const;

  // Work that one rank of the machine does for all: to write down the states for other machines, to look for their
  // verdict, to find out why the job hangs.
  enum class Duty { summary, look, inquest };
  // True for one rank, unless another has begun the same less than `pause` ago: then whoever did may be stuck.
  bool take(Duty duty, std::chrono::duration<double> pause) const;

  // The first text that a rank puts there.
  void put_verdict(std::string_view text) const;
  std::optional<std::string> verdict() const;
  // True for the first rank that asks: it says this machine's line.
  bool say_first() const { return !head().said.exchange(true); }
  // That nothing is left to do for the hang but to end.
  void close_case() const { head().closed = true; }
  bool case_closed() const { return head().closed; }

 private:
  struct Head {
    std::array<std::atomic<int64_t>, 3> begun_us;  // by Duty, of the machine's clock; 0: never
    std::atomic<bool> said, closed, verdict_taken, verdict_there;
    FixedText<4096> verdict;
  };
  Head& head() const { return *reinterpret_cast<Head*>(memory_.data()); }

  const int slot_, slots_;
  const MachineMemory memory_;
};

}  // namespace convoy::hang
