// Streams of the CPU device. The compute stream is the calling thread; others have a thread each.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/device/stream.h"

namespace convoy::cpu {

class CpuStream : public Stream {
 public:
  virtual bool is_inline() const = 0;

  template <class Work>
  void run_inline(Work&& work) {
    std::forward<Work>(work)();
  }
};

// threads: of OpenMP inside the stream's work; a communication stream gets 1, so that it disturbs compute least.
std::unique_ptr<Stream> make_cpu_stream(StreamKind kind);
std::unique_ptr<Event> make_cpu_event();

}  // namespace convoy::cpu
