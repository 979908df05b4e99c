#include "comm/watchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace convoy {

Watchdog::Watchdog(const CollectiveLog& log, double timeout_s,
                   std::function<void(const CollectiveRecord& stuck)> on_timeout)
    : log_(log), timeout_(timeout_s), on_timeout_(std::move(on_timeout)), thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  const std::chrono::duration<double> pause(std::clamp(timeout_.count() / 10, 0.005, 1.0));
  while (!stopped_within(pause)) {
    const auto oldest = log_.oldest_in_flight();
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
  std::string before = "none";
  for (const CollectiveRecord& record : log.recent())
    if (record.left != CollectiveRecord::Time{}) before = describe(record);
  return fmt::format(
      "{} has been waiting for the other ranks for {:.1f} s, longer than parallel.timeout_s = {}: one of them is gone, "
      "stopped or doing something else. Last collective that finished here: {}. If the ranks are merely slow, raise "
      "parallel.timeout_s (0: wait for ever)",
      describe(stuck), std::chrono::duration<double>(now - stuck.entered).count(), timeout_s, before);
}

}  // namespace convoy
