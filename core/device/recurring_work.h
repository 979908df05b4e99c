// Work that comes again and again with the same addresses: enqueued at its first run, captured at its second, replayed
// from then on.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/device/device.h"

namespace convoy {

class RecurringWork {
 public:
  // enqueue: as Device::capture wants it. What it refers to outlives this.
  explicit RecurringWork(std::function<void()> enqueue) : enqueue_(std::move(enqueue)) {}

  void run(Device& device, Stream& stream) {
    if (warm_ && !captured_) captured_ = device.capture(stream, enqueue_);
    if (captured_)
      captured_->run(stream);
    else
      enqueue_();
    warm_ = true;
  }
  void run_uncaptured() const { enqueue_(); }

 private:
  std::function<void()> enqueue_;
  std::unique_ptr<CapturedWork> captured_;
  bool warm_ = false;
};

}  // namespace convoy
