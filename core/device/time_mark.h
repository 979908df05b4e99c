// Moments in the work of a stream, and the time between them.
#pragma once

#include <chrono>

#include "core/device/stream.h"

namespace convoy {

// Used again and again; made once, by Device::make_time_mark().
class TimeMark {
 public:
  virtual ~TimeMark() = default;
  // The moment when the stream has done all that is enqueued so far. This outlives that.
  virtual void record(Stream& stream) = 0;
  // Since the other's moment, which was recorded on the same stream. Both must have come.
  virtual double ms_since(const TimeMark& begin) const = 0;
};

// The host's clock, read by a function in the stream: for streams that are host threads themselves.
class HostTimeMark final : public TimeMark {
 public:
  void record(Stream& stream) override {
    stream.run([this] { at_ = std::chrono::steady_clock::now(); });
  }
  double ms_since(const TimeMark& begin) const override {
    return std::chrono::duration<double, std::milli>(at_ - static_cast<const HostTimeMark&>(begin).at_).count();
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace convoy
