// Streams of the CPU device.
//
// A compute stream is the calling thread: work runs at once, and what it throws leaves the call that handed it over. A
// communication or copy stream has a thread of its own with a team of one, so that it disturbs compute least.
//
// When work on such a stream throws, the work behind it is dropped, events recorded behind it count as reached but
// failed, and the exception is rethrown by synchronize(), which makes the stream usable again. A wait for a failed
// event throws: at once on a compute stream, else as work of the waiting stream.
//
// Any thread may hand over work. The destructor first finishes what is enqueued; a failure nobody asked for is logged.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "core/device/stream.h"

namespace convoy::cpu {

class CpuStream : public Stream {
 public:
  virtual bool is_inline() const = 0;

  // Only where is_inline(): no allocation, whatever the work captures.
  template <class Work>
  void run_inline(Work&& work) {
    std::forward<Work>(work)();
  }
};

std::unique_ptr<Stream> make_cpu_stream(StreamKind kind);
std::unique_ptr<Event> make_cpu_event();

}  // namespace convoy::cpu
