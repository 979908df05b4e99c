#include "core/comm/communication.h"

#include <algorithm>

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

// Marks lie on the compute stream, so that only its own standstill counts, and cost it nothing: the time between them
// is read when the step is over.
void Communication::await(Event& event) {
  Standstill& standstill = next_standstill();
  standstill.begin->record(compute_);
  compute_.wait(event);
  standstill.end->record(compute_);
  ++recorded_;
}

Communication::Standstill& Communication::next_standstill() {
  const size_t place = recorded_ % kMostStandstills;
  if (place == standstills_.size()) standstills_.push_back({device_.make_time_mark(), device_.make_time_mark()});
  return standstills_[place];
}

void Communication::await_all() {
  stream_.record(*communicated_);
  await(*communicated_);
}

double Communication::take_exposed_ms() {
  double ms = 0;
  for (size_t i = 0; i < std::min(recorded_, kMostStandstills); ++i)
    ms += standstills_[i].end->ms_since(*standstills_[i].begin);
  recorded_ = 0;
  return ms;
}

}  // namespace convoy
