// Work that comes again and again with the same addresses: enqueued at its first run, recorded at its second, replayed
// from then on.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/device/device.h"

namespace convoy {

class Replay {
 public:
  // enqueue: as Device::record wants it. What it refers to outlives this.
  explicit Replay(std::function<void()> enqueue) : enqueue_(std::move(enqueue)) {}

  void run(Device& device, Stream& stream) {
    if (warm_ && !recorded_) recorded_ = device.record(stream, enqueue_);
    if (recorded_)
      recorded_->run(stream);
    else
      enqueue_();
    warm_ = true;
  }
  void run_unrecorded() const { enqueue_(); }

 private:
  std::function<void()> enqueue_;
  std::unique_ptr<RecordedWork> recorded_;
  bool warm_ = false;
};

}  // namespace convoy
