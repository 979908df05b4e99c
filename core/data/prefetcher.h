// Reads micro-batches ahead of training, in a thread of its own, into host memory that a device can copy from.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/data/batch_source.h"
#include "core/data/sample_schedule.h"
#include "core/device/device.h"

namespace convoy {

struct HostBatch {
  std::vector<Tensor> fields;  // as the source names them, each (micro, shape...)
  Tensor first_sample;         // (1) i64
};

class Prefetcher {
 public:
  // At least `ahead` micro-batches, and at least those of the next step, are kept ready beyond the step in progress.
  Prefetcher(Device& device, BatchSource& source, const SampleSchedule& schedule, int64_t ahead);
  // The host memory of it. fields: a micro-batch.
  static size_t planned_bytes(std::span<const Tensor> fields, const SampleSchedule& schedule, int64_t ahead);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Blocks until the next micro-batch is there; valid until release(). Rethrows what reading threw.
  const HostBatch& next();
  // Blocks until the next step's micro-batches are all there; false if one of them cannot be read. Between steps.
  bool wait_for_step();
  // Then throws what reading threw.
  void check_step();
  // Everything handed out so far may be overwritten: the device has copied it.
  void release();
  // Milliseconds that the functions above have blocked since the last call of this one.
  double take_wait_ms();

 private:
  bool wait_for(int64_t count, std::unique_lock<std::mutex>& lock);
  void read_ahead();
  void read_one(int64_t ordinal);
  HostBatch& slot(int64_t ordinal) { return slots_[static_cast<size_t>(ordinal) % slots_.size()]; }

  BatchSource& source_;
  SampleSchedule schedule_;
  Memory memory_;
  std::vector<HostBatch> slots_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t read_ = 0, handed_out_ = 0, released_ = 0;  // counts of micro-batches
  bool stop_ = false;
  std::exception_ptr failure_;
  double wait_ms_ = 0;
  std::thread thread_;  // last: starts when all else is there
};

}  // namespace convoy
