// Keeps this process's RankState up to date: in memory of its own at first, in that of the machine once there is a
// place for it.
//
// Thread-safe; no call blocks on a file system.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "comm/hang/node_board.h"

namespace convoy::hang {

class StatePublisher {
 public:
  StatePublisher(int rank, int size);
  ~StatePublisher();

  // The number of a new lane, or -1 where there are too many: it is then not told about.
  int open_lane(std::string_view name, int rank, int size);
  void close_lane(int lane);
  void enter(int lane, std::string_view what, size_t bytes, int64_t step, std::string_view label);
  void leave(int lane);
  void set_label(int64_t step, std::string_view label);

  // From now on in its slot there.
  void publish_on(std::shared_ptr<const NodeBoard> board);
  // In memory of its own again; the slot is empty.
  void withdraw() noexcept;
  // Says that this process is alive.
  void beat();

  RankState state() const;

 private:
  template <class Change>
  void change(const Change& change);

  mutable std::mutex mutex_;
  const std::unique_ptr<StateBlock> own_;
  std::shared_ptr<const NodeBoard> board_;
  StateBlock* block_;  // own_ or board_'s
};

}  // namespace convoy::hang
