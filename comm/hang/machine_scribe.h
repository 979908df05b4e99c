// Tells the other machines about the ranks of this one, and these about the verdict of others: one rank of a machine at
// a time does, and another where that one is stuck. In a thread of its own, since the file system may hang.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "comm/hang/node_summary.h"
#include "comm/hang/watched_job.h"

namespace convoy::hang {

class MachineScribe {
 public:
  // The lowest rank of a machine begins its file. Throws FileError.
  explicit MachineScribe(std::shared_ptr<const WatchedJob> job);
  // Leaves the thread behind where the file system keeps it for long. The lowest rank removes its machine's file.
  ~MachineScribe();
  MachineScribe(const MachineScribe&) = delete;
  MachineScribe& operator=(const MachineScribe&) = delete;

 private:
  // What the thread works with, which may outlive the scribe.
  struct Desk {
    std::shared_ptr<const WatchedJob> job;
    std::mutex mutex;
    std::condition_variable wake;
    bool stop = false, over = false;  // under the mutex; the rest is the thread's
    bool warned = false;
    std::optional<SummaryFile> file;
    uint64_t number = 0;  // of the last summary
  };
  static void keep_writing(Desk& desk);
  static bool try_to_tend(Desk& desk);
  static void tend(Desk& desk);

  const std::shared_ptr<Desk> desk_;
  std::thread thread_;
};

// What another rank found out, where one has: looks into the run's folder.
std::optional<std::string> read_verdict(const WatchedJob& job);

}  // namespace convoy::hang
