// One rank's part in finding out why a job hangs.
//
// Every rank keeps its state (StatePublisher), with a heartbeat, in memory that the ranks of its machine share
// (NodeBoard). Where there are several machines, one rank of each writes a summary into the run's folder
// (MachineScribe). When a collective hangs, the first rank whose watchdog fires compares all (Inquest): the verdict
// reaches every machine, one rank of each says one line on stderr, and the full comparison is in RUN/hang-report.txt
// before the job ends.
//
// Until it has begun, ranks know of each other only that they do not come.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "comm/collective_log.h"
#include "comm/hang/machine_scribe.h"
#include "comm/hang/state_publisher.h"
#include "comm/hang/watched_job.h"

namespace convoy::hang {

class HangWatch {
 public:
  HangWatch(int rank, int size);
  // An orderly end: nothing is left in the run's folder.
  ~HangWatch();
  HangWatch(const HangWatch&) = delete;
  HangWatch& operator=(const HangWatch&) = delete;

  const std::shared_ptr<StatePublisher>& publisher() const { return publisher_; }

  // From now on the others see what this rank does. Collective over the job's ranks; what an earlier start left in the
  // folder is removed. Throws FileError, on machines that cannot write there. Once.
  void begin(Communicator& world, const HangOptions& options);

  // For a watchdog whose time is up: finds the culprit, says this machine's line unless another rank has, and gives the
  // others time to do the same. False if it has not begun, or the culprit is not to be found in time: nothing has been
  // said then. If another watchdog of this process is here already, blocks for ever.
  bool tell(const CollectiveRecord& stuck, double timeout_s);

 private:
  void say(const std::string& situation, const std::string& verdict);
  void keep_beating();
  void say_if_judged();

  const int rank_, size_;
  const std::shared_ptr<StatePublisher> publisher_;
  std::shared_ptr<const WatchedJob> job_;  // null until it has begun
  std::optional<MachineScribe> scribe_;    // where there are several machines
  std::atomic<bool> begun_ = false, telling_ = false;
  int looks_at_verdict_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread heart_;
};

}  // namespace convoy::hang
