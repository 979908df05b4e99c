// Tells the log of collectives how far CUDA streams have come: a collective is in flight from when its stream comes to
// it until the stream has passed it.
//
// Events before and after each collective are queried, by poll() and whenever another collective is added; the times in
// the log are those of the query that found it out. Events are made as they are needed and used again. Thread-safe.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "comm/collective_log.h"
#include "core/base/owned.h"

namespace convoy::nccl {

void close_event(cudaEvent_t event) noexcept;
using CudaEvent = Owned<cudaEvent_t, close_event>;

class StreamProgress {
 public:
  // device: of the streams. The log outlives it.
  StreamProgress(CollectiveLog& log, int device) : log_(log), device_(device) {}

  // Around what enqueues a collective. The label is the log's.
  void begin(cudaStream_t stream, const char* what, size_t bytes);
  void end(cudaStream_t stream);

  void poll();
  // Whether the streams have passed all that was added.
  bool idle();
  // What the streams had not passed when last asked; null if nothing. Asks nothing: for when the device has failed.
  std::optional<CollectiveRecord> oldest_unfinished();

 private:
  struct Collective {
    const char* what = "";
    size_t bytes = 0;
    CollectiveLabel label;
    CudaEvent before, after;         // after: null until it is recorded
    std::optional<uint64_t> number;  // in the log, once the stream has come to it
  };

  CudaEvent take_event();
  bool advance(Collective& collective);
  void poll_locked();

  CollectiveLog& log_;
  const int device_;
  std::mutex mutex_;
  std::deque<Collective> waiting_;  // in stream order
  std::vector<CudaEvent> spare_;
};

}  // namespace convoy::nccl
