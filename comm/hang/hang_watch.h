// One rank's part in finding out why a job hangs.
//
// Every rank publishes its state (StatePublisher) in a folder that the ranks share, with a heartbeat. When a collective
// hangs, whoever's watchdog fires first reads the states of all ranks, decides who is to blame (diagnose) and leaves
// the verdict in the folder, the full comparison in RUN/hang-report.txt. Every rank that lives finds the verdict and
// says one line on stderr, before the job ends.
//
// Without a folder, ranks know of each other only that they do not come.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "comm/collective_log.h"
#include "comm/hang/diagnosis.h"
#include "comm/hang/state_publisher.h"

namespace convoy::hang {

struct HangOptions {
  std::filesystem::path run_folder;  // states lie in its ranks/
  double timeout_s = 120;            // parallel.timeout_s; heartbeats come ten times as often, or each second
  bool several_hosts = false;        // whether others see what is written only once it is flushed
};

class HangWatch {
 public:
  HangWatch(int rank, int size);
  // An orderly end: this rank's state is removed.
  ~HangWatch();
  HangWatch(const HangWatch&) = delete;
  HangWatch& operator=(const HangWatch&) = delete;

  const std::shared_ptr<StatePublisher>& publisher() const { return publisher_; }

  // Removes what an earlier start left; before any rank begins.
  void clear(const HangOptions& options) const;
  // From now on this rank's state is to be seen. Throws FileError. Once.
  void begin(const HangOptions& options);
  bool begun() const { return begun_; }

  // For a watchdog, each time it looks, with the log's oldest collective in flight: takes note of all heartbeats
  // shortly before the timeout, so that at the timeout it is known who is alive.
  void look(const CollectiveRecord& oldest);

  // For a watchdog whose time is up: finds the culprit, says this rank's line, and gives the others time to say theirs.
  // False if there is no folder, or reading it takes too long: nothing has been said then. If another watchdog of this
  // process is here already, blocks for ever.
  bool tell(const CollectiveRecord& stuck, double timeout_s);

 private:
  std::vector<uint64_t> beats() const;
  std::vector<Sight> look_around() const;
  Life life_of(const RankState& state) const;
  std::string judge() const;
  void say(const std::string& situation, const std::string& verdict);
  void keep_beating();
  void say_if_judged();

  const int rank_, size_;
  const std::shared_ptr<StatePublisher> publisher_;
  HangOptions options_;
  std::filesystem::path folder_;
  std::chrono::duration<double> period_{1};
  std::atomic<bool> begun_ = false, telling_ = false, said_ = false;
  mutable std::mutex beats_mutex_;
  std::vector<uint64_t> beats_before_;  // one for each rank
  std::chrono::steady_clock::time_point beats_taken_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread heart_;
};

}  // namespace convoy::hang
