// Keeps this process's RankState up to date: in memory of its own at first, in a file once there is a place for it.
//
// Thread-safe. No call blocks on a file system except publish_in() and beat().
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "comm/hang/state_file.h"

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

  // From now on in this file. Throws FileError.
  void publish_in(const std::filesystem::path& file);
  // In memory again; the file is removed.
  void withdraw() noexcept;
  // Says that this process is alive. flush: to other hosts too.
  void beat(bool flush);

  RankState state() const;

 private:
  template <class Change>
  void change(const Change& change);

  mutable std::mutex mutex_;
  const std::unique_ptr<StateBlock> own_;
  std::shared_ptr<StateFile> file_;
  std::filesystem::path path_;
  StateBlock* block_;  // own_'s or file_'s
};

// <folder>/rank-00003.state
std::filesystem::path state_path(const std::filesystem::path& folder, int rank);

}  // namespace convoy::hang
