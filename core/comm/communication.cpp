#include "core/comm/communication.h"

namespace convoy {

Communication::Communication(Device& device, Stream& compute, Stream& stream, const LeveledGroup& group)
    : device_(device),
      compute_(compute),
      stream_(stream),
      group_(group),
      computed_(device.make_event()),
      communicated_(device.make_event()) {}

Communication::Communication(Device& device, Stream& compute, Stream& stream, Communicator& communicator)
    : device_(device),
      compute_(compute),
      stream_(stream),
      own_(std::in_place, communicator),
      group_(*own_),
      computed_(device.make_event()),
      communicated_(device.make_event()) {}

void Communication::follow_compute() {
  compute_.record(*computed_);
  stream_.wait(*computed_);
}

// The clock is read on the compute stream, so that only its own standstill counts: in the caller on the CPU, by two
// host functions around the wait on CUDA.
void Communication::await(Event& event) {
  compute_.run([this] { wait_began_ = Clock::now(); });
  compute_.wait(event);
  compute_.run([this] {
    exposed_ms_ = exposed_ms_ + std::chrono::duration<double, std::milli>(Clock::now() - wait_began_).count();
  });
}

void Communication::await_all() {
  stream_.record(*communicated_);
  await(*communicated_);
}

double Communication::take_exposed_ms() { return exposed_ms_.exchange(0); }

}  // namespace convoy
