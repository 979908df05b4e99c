// Notices a collective that does not come back.
//
// A thread looks at the log a few times per timeout; while nothing is in flight it does nothing. When the oldest
// collective in flight is older than the timeout, on_timeout is called once, from that thread. What it does is the
// communicator's choice: it compares what all ranks have published, where they have (comm/hang), and aborts the job.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "comm/collective_log.h"

namespace convoy {

class Watchdog {
 public:
  // timeout_s 0: no collective is too old. look, if given, is called before each look at the log, from the same thread:
  // it may bring the log up to date or look for other trouble. The log outlives the watchdog.
  Watchdog(const CollectiveLog& log, double timeout_s, std::function<void(const CollectiveRecord& stuck)> on_timeout,
           std::function<void()> look = {});
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void watch();
  bool stopped_within(std::chrono::duration<double> pause);

  const CollectiveLog& log_;
  const std::chrono::duration<double> timeout_;
  const std::function<void(const CollectiveRecord&)> on_timeout_;
  const std::function<void()> look_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

// What to tell about a stuck collective: what it is, how long it has been going, what went before.
std::string timeout_report(const CollectiveLog& log, const CollectiveRecord& stuck, double timeout_s);

}  // namespace convoy
