// A moment after which waiting is over; there may be none.
#pragma once

#include <chrono>
#include <optional>

namespace convoy::nccl {

class Deadline {
 public:
  // seconds from now; 0: never.
  explicit Deadline(double seconds) {
    using Clock = std::chrono::steady_clock;
    if (seconds > 0)
      at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  bool passed() const { return at_ && std::chrono::steady_clock::now() >= *at_; }

 private:
  std::optional<std::chrono::steady_clock::time_point> at_;
};

}  // namespace convoy::nccl
