// Work that is enqueued once and replayed: on CUDA a graph, so that a thousand kernels start with one call.
#pragma once

#include <functional>

#include "core/device/stream.h"

namespace convoy {

class CapturedWork {
 public:
  virtual ~CapturedWork() = default;
  virtual void run(Stream& stream) = 0;
};

// Where there is nothing to record: calls the function each time.
class RepeatedWork final : public CapturedWork {
 public:
  explicit RepeatedWork(std::function<void()> enqueue) : enqueue_(std::move(enqueue)) {}
  void run(Stream&) override { enqueue_(); }

 private:
  std::function<void()> enqueue_;
};

}  // namespace convoy
