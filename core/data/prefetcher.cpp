#include "core/data/prefetcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/integers.h"
#include "core/data/host_fields.h"

namespace convoy {
namespace {

const Tensor kFirstSample{nullptr, DType::i64, {1}};  // the index, before the fields

size_t slot_count(const SampleSchedule& schedule, int64_t ahead) {
  const int64_t passes = schedule.passes_per_step();
  return static_cast<size_t>(passes + std::max(passes, ahead));
}

}  // namespace

size_t Prefetcher::planned_bytes(std::span<const Tensor> fields, const SampleSchedule& schedule, int64_t ahead) {
  return saturating_product(slot_count(schedule, ahead), host_bytes({&kFirstSample, 1}) + host_bytes(fields));
}

Prefetcher::Prefetcher(Device& device, BatchSource& source, const SampleSchedule& schedule, int64_t ahead)
    : source_(source), schedule_(schedule) {
  std::vector<Tensor> tensors{kFirstSample};
  for (const BatchField& field : source.fields())
    tensors.push_back({nullptr, field.dtype, batched(schedule.micro_batch, field.shape)});
  const size_t bytes = planned_bytes(std::span(tensors).subspan(1), schedule, ahead);
  device.require_possible(bytes, MemoryKind::host, "what data.prefetch and the passes of a step read ahead");
  memory_ = device.allocate(bytes, MemoryKind::host);
  auto* base = static_cast<std::byte*>(memory_.data());
  for (size_t s = 0; s < slot_count(schedule, ahead); ++s, base += host_bytes(tensors)) {
    place_in_host_memory(tensors, base);
    slots_.push_back({{tensors.begin() + 1, tensors.end()}, tensors.front()});
  }
  thread_ = std::thread([this] { read_ahead(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::read_ahead() {
  for (int64_t ordinal = 0;; ++ordinal) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || ordinal - released_ < static_cast<int64_t>(slots_.size()); });
      if (stop_) return;
    }
    std::exception_ptr failure;
    try {
      read_one(ordinal);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      if (failure)
        failure_ = failure;
      else
        ++read_;
    }
    changed_.notify_all();
    if (failure) return;
  }
}

void Prefetcher::read_one(int64_t ordinal) {
  HostBatch& batch = slot(ordinal);
  const int64_t first = schedule_.first_sample(ordinal);
  *batch.first_sample.as<int64_t>() = first;
  source_.read(Split::train, first, schedule_.micro_batch, batch.fields);
}

const HostBatch& Prefetcher::next() {
  std::unique_lock lock(mutex_);
  if (!wait_for(1, lock)) std::rethrow_exception(failure_);
  return slot(handed_out_++);
}

bool Prefetcher::wait_for_step() {
  std::unique_lock lock(mutex_);
  return wait_for(schedule_.passes_per_step(), lock);
}

void Prefetcher::check_step() {
  if (!wait_for_step()) std::rethrow_exception(failure_);
}

// Until so many more than those handed out have been read, or cannot be.
bool Prefetcher::wait_for(int64_t count, std::unique_lock<std::mutex>& lock) {
  const auto start = std::chrono::steady_clock::now();
  changed_.wait(lock, [&] { return failure_ || read_ >= handed_out_ + count; });
  wait_ms_ += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return read_ >= handed_out_ + count;
}

void Prefetcher::release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = handed_out_;
  }
  changed_.notify_all();
}

double Prefetcher::take_wait_ms() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wait_ms_, 0.0);
}

}  // namespace convoy
