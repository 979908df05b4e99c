// The file of one rank's state: its writer has it mapped into memory, so that what it says is up to date at the very
// moment the process stops, and costs no system call to change.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "comm/hang/rank_state.h"

namespace convoy::hang {

// What lies in the file. The sequence is odd while the state is being changed.
struct StateBlock {
  std::atomic<uint64_t> sequence = 0;
  RankState state;
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

class StateFile {
 public:
  // In place of what lay there. Throws FileError.
  StateFile(const std::filesystem::path& path, const RankState& state);
  // Leaves the file where it is.
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  StateBlock& block() const { return *block_; }
  // Hands what was changed to the file system, so that other hosts can see it. May block where that hangs.
  void flush() const noexcept;

 private:
  StateBlock* block_ = nullptr;
};

// What the rank wrote last; nothing if there is no such file, or what is in it is no state. Of a process that was
// stopped amid a change, the state as it is.
std::optional<RankState> read_state(const std::filesystem::path& path);

}  // namespace convoy::hang
