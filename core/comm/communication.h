// A step's communication: a group of ranks and its stream, ordered against the compute stream, and how long compute
// stands still for it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/comm/communicator.h"
#include "core/comm/leveled_group.h"
#include "core/device/device.h"

namespace convoy {

class Communication {
 public:
  // Everything outlives this.
  Communication(Device& device, Stream& compute, Stream& stream, const LeveledGroup& group);
  // Likewise with all ranks of the communicator at one level.
  Communication(Device& device, Stream& compute, Stream& stream, Communicator& communicator);

  Device& device() const { return device_; }
  Stream& compute() const { return compute_; }
  Stream& stream() const { return stream_; }
  const LeveledGroup& group() const { return group_; }
  Communicator& communicator() const { return group_.ranks(); }

  // The communication stream goes on once compute has done what is enqueued so far.
  void follow_compute();
  // Compute goes on once the communication stream has passed the event. The standstill counts as exposed.
  void await(Event& event);
  // Likewise with all that is enqueued on the communication stream.
  void await_all();

  // Milliseconds that compute stood still since the last call, of the last kMostStandstills times. Call when compute is
  // synchronized.
  double take_exposed_ms();
  // Starts anew, without asking whether compute has come so far.
  void forget_exposed() { recorded_ = 0; }

 private:
  static constexpr size_t kMostStandstills = 4096;
  struct Standstill {
    std::unique_ptr<TimeMark> begin, end;
  };
  Standstill& next_standstill();

  Device& device_;
  Stream& compute_;
  Stream& stream_;
  const std::optional<LeveledGroup> own_;  // where a communicator was given
  const LeveledGroup& group_;
  std::unique_ptr<Event> computed_, communicated_;
  std::vector<Standstill> standstills_;  // used round and round
  size_t recorded_ = 0;                  // since they were last read
};

}  // namespace convoy
