// Owns one rank's NCCL communicator, which never blocks the caller: what is in progress is asked for until a deadline.
//
// Calls of NCCL are made one at a time, as it requires; those of the watchdog do not wait for one that is under way.
// After abort() every other member blocks for ever: the job is about to end.
#pragma once

#include <nccl.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "comm/nccl/deadline.h"

namespace convoy::nccl {

// Whether the library that is loaded has ncclCommInitRankScalable (2.23), by which several ranks share the work of
// connecting all.
bool can_have_many_roots();

class NcclGroup {
 public:
  // A rank's part in a group.
  struct Place {
    int rank = 0, size = 1;
    int device = 0;  // CUDA ordinal
  };

  // Begins to connect this rank with the others that have the same ids; settle() completes it. Several ids only where
  // can_have_many_roots().
  NcclGroup(std::vector<ncclUniqueId> ids, const Place& place);
  // The same with those of a settled group's ranks that name this color. Collective over `whole`, which has to settle
  // first.
  NcclGroup(NcclGroup& whole, int color, const Place& place);
  // Waits until everything enqueued is done, at most kFarewell_s; aborts instead if the group is not well or an
  // exception is ending this rank.
  ~NcclGroup();
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  // Waits until nothing is in progress: ncclSuccess, what went wrong, or ncclInProgress if the deadline passed before.
  ncclResult_t settle(const Deadline& deadline);

  // Makes the calls of `enqueue` as one group of NCCL, then settles: false if they have not begun by the deadline.
  // Throws InternalError if NCCL refuses them.
  bool launch(const std::function<void(ncclComm_t)>& enqueue, const Deadline& deadline);

  // What has gone wrong in the background; nothing while a call is under way. From any thread.
  std::optional<ncclResult_t> failure();
  // Ends what is enqueued, from any thread. Takes at most kAbort_s, and leaves NCCL as it is where that is too short.
  void abort() noexcept;

  // Memory that NCCL maps for its peers ahead of use. Null where NCCL does not want it.
  void* register_memory(void* data, size_t bytes);
  void deregister_memory(void* handle) noexcept;

 private:
  static constexpr double kFarewell_s = 30, kAbort_s = 2;

  // The communicator, with the lock held; blocks for ever after abort().
  std::unique_lock<std::timed_mutex> lock_living();
  // Has NCCL written it, and is it not aborted?
  bool is_alive() const { return !aborted_ && *comm_ != nullptr; }
  void finalize();

  const Place place_;
  const int exceptions_before_;
  std::timed_mutex mutex_;
  // Where NCCL writes the communicator, a split's as late as it settles. It outlives a group that never settled, since
  // NCCL may write it at any time after that.
  std::unique_ptr<ncclComm_t> comm_ = std::make_unique<ncclComm_t>(nullptr);
  bool settled_ = false, aborted_ = false;
};

}  // namespace convoy::nccl
