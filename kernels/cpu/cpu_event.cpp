#include "kernels/cpu/cpu_event.h"

#include <utility>

#include "kernels/cpu/cpu_stream.h"

namespace convoy::cpu {

void EventPoint::reach(std::exception_ptr failure) {
  // Notified under the lock: the waiter may drop the last reference as soon as it sees the flag.
  const std::lock_guard lock(mutex_);
  reached_ = true;
  failure_ = std::move(failure);
  changed_.notify_all();
}

void EventPoint::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return reached_; });
  if (failure_) std::rethrow_exception(failure_);
}

void EventPoint::reset() {
  const std::lock_guard lock(mutex_);
  reached_ = false;
  failure_ = nullptr;
}

std::shared_ptr<EventPoint> CpuEvent::next_point() {
  const std::lock_guard lock(mutex_);
  // With one reference left, it is ours, and others could only be made here under the lock.
  if (point_ != nullptr && point_.use_count() == 1)
    point_->reset();
  else
    point_ = std::make_shared<EventPoint>();
  return point_;
}

std::shared_ptr<EventPoint> CpuEvent::last_point() const {
  const std::lock_guard lock(mutex_);
  return point_;
}

std::unique_ptr<Event> make_cpu_event() { return std::make_unique<CpuEvent>(); }

}  // namespace convoy::cpu
