// Events of the CPU device: each record makes a point, which is reached once, with or without a failure.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "core/device/stream.h"

namespace convoy::cpu {

class EventPoint {
 public:
  void reach(std::exception_ptr failure);
  // Blocks until reached; throws the failure.
  void wait();
  // Makes a point that nobody else holds new again.
  void reset();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  std::exception_ptr failure_;
};

class CpuEvent final : public Event {
 public:
  // A fresh point for a record; no allocation where the point before is no longer in use.
  std::shared_ptr<EventPoint> next_point();
  // The last recorded point; null before the first.
  std::shared_ptr<EventPoint> last_point() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<EventPoint> point_;
};

}  // namespace convoy::cpu
