#include "comm/watchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace convoy {

Watchdog::Watchdog(const CollectiveLog& log, double timeout_s,
                   std::function<void(const CollectiveRecord& stuck)> on_timeout, std::function<void()> look)
    : log_(log), timeout_(timeout_s), on_timeout_(std::move(on_timeout)), look_(std::move(look)), thread_([this] {
        watch();
      }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  const bool is_bounded = timeout_.count() > 0;
  const std::chrono::duration<double> pause(is_bounded ? std::clamp(timeout_.count() / 10, 0.005, 1.0) : 1.0);
  while (!stopped_within(pause)) {
    if (look_) look_();
    const auto oldest = is_bounded ? log_.oldest_in_flight() : std::nullopt;
    if (!oldest || std::chrono::steady_clock::now() - oldest->entered < timeout_) continue;
    on_timeout_(*oldest);
    return;
  }
}

bool Watchdog::stopped_within(std::chrono::duration<double> pause) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, pause, [this] { return stop_; });
}

std::string timeout_report(const CollectiveLog& log, const CollectiveRecord& stuck, double timeout_s) {
  const auto now = std::chrono::steady_clock::now();
  return fmt::format(
      "{} has been waiting for the other ranks for {:.1f} s, longer than parallel.timeout_s = {}: one of them is gone, "
      "stopped or doing something else. Last collective that finished here: {}. If the ranks are merely slow, raise "
      "parallel.timeout_s (0: wait for ever)",
      describe(stuck), std::chrono::duration<double>(now - stuck.entered).count(), timeout_s, last_finished(log));
}

}  // namespace convoy
