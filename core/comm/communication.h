// A step's communication: a communicator and its stream, ordered against the compute stream, and how long compute
// stands still for it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "core/comm/communicator.h"
#include "core/device/device.h"

namespace convoy {

class Communication {
 public:
  // Everything outlives this.
  Communication(Device& device, Stream& compute, Stream& stream, Communicator& communicator);

  Device& device() const { return device_; }
  Stream& compute() const { return compute_; }
  Stream& stream() const { return stream_; }
  Communicator& communicator() const { return communicator_; }

  // The communication stream goes on once compute has done what is enqueued so far.
  void follow_compute();
  // Compute goes on once the communication stream has passed the event. The standstill counts as exposed.
  void await(Event& event);
  // Likewise with all that is enqueued on the communication stream.
  void await_all();

  // Milliseconds that compute stood still since the last call. Call when compute is synchronized.
  double take_exposed_ms();

 private:
  using Clock = std::chrono::steady_clock;

  Device& device_;
  Stream& compute_;
  Stream& stream_;
  Communicator& communicator_;
  std::unique_ptr<Event> computed_, communicated_;
  Clock::time_point wait_began_;
  std::atomic<double> exposed_ms_ = 0;
};

}  // namespace convoy
