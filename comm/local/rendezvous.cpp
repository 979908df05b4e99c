#include "comm/local/rendezvous.h"

#include "core/base/error.h"

namespace convoy {

void Rendezvous::meet(int rank, Buffers mine) {
  // No lock: only this rank writes its entry, and others read it between this meeting and the next one.
  buffers_[static_cast<size_t>(rank)] = mine;
  meet();
}

void Rendezvous::meet() {
  std::unique_lock lock(mutex_);
  const size_t meeting = meetings_;
  if (broken_.empty() && ++waiting_ == buffers_.size()) {
    waiting_ = 0;
    ++meetings_;
    all_here_.notify_all();
    return;
  }
  all_here_.wait(lock, [&] { return meetings_ != meeting || !broken_.empty(); });
  if (meetings_ == meeting) throw InternalError("another rank failed: " + broken_);
}

void Rendezvous::break_up(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (broken_.empty()) broken_ = reason;
  all_here_.notify_all();
}

}  // namespace convoy
