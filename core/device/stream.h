// Work in order. Everything handed to a Stream happens after what was handed to it before.
//
// A CPU compute stream runs each piece of work at once in the calling thread; a CPU communication or copy stream has a
// thread of its own. A CUDA stream is a CUDA stream. Callers may not tell the difference: they order work between
// streams with events, and read results on the host only after synchronize().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace convoy {

// A point in a stream. Recorded again and again; made once.
class Event {
 public:
  virtual ~Event() = default;
};

enum class StreamKind { compute, communication, copy };

class Stream {
 public:
  virtual ~Stream() = default;

  // The event is reached when all work enqueued so far is done.
  virtual void record(Event& event) = 0;
  // Work enqueued from now on starts after the last recorded point of the event. Does not block the caller, except on
  // a CPU compute stream, where the caller is the stream.
  virtual void wait(Event& event) = 0;

  // A function on the host, in stream order. What it throws is rethrown by the next synchronize(), and by a wait of
  // another CPU stream that depends on it; work behind it in the same stream is not run.
  virtual void run(std::function<void()> work) = 0;
  // Between any mix of device and pinned host memory.
  virtual void copy(void* to, const void* from, size_t bytes) = 0;
  // `rows` pieces of `width` bytes, each `to_pitch` and `from_pitch` bytes after the one before.
  virtual void copy_2d(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width, size_t rows) = 0;
  virtual void zero(void* memory, size_t bytes) = 0;

  // Blocks the caller until all work so far is done; throws what that work threw.
  virtual void synchronize() = 0;

  // The stream of the underlying library, for siblings that enqueue on it: a cudaStream_t; null on the CPU.
  virtual void* native_handle() const { return nullptr; }
};

}  // namespace convoy
