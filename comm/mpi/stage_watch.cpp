#include "comm/mpi/stage_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "comm/failure_report.h"
#include "core/base/error.h"
#include "core/base/logging.h"

namespace convoy::mpi {
namespace {

constexpr double kLeastSeconds = 10;

}  // namespace

StageWatch::StageWatch(std::string stage, int rank, double timeout_s)
    : stage_(std::move(stage)), rank_(rank), timeout_(std::max(timeout_s, kLeastSeconds)) {
  if (timeout_s <= 0) return;
  try {
    thread_ = std::thread([this] { watch(); });
  } catch (const std::system_error& error) {  // to leave MPI, also without a watch, is better than to die of this
    logging::warn("nobody watches {}, for want of a thread: {}", stage_, error.what());
  }
}

StageWatch::~StageWatch() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void StageWatch::watch() {
  std::unique_lock lock(mutex_);
  if (wake_.wait_for(lock, timeout_, [this] { return over_; })) return;
  report_failure(rank_, fmt::format("{} has not come back for {:.0f} s: it waits for all ranks, and one has not come. "
                                    "Look for a rank that is stopped or still loading; parallel.timeout_s says how "
                                    "long the others wait",
                                    stage_, timeout_.count()));
  exit_now(ExitCode::timed_out);
}

}  // namespace convoy::mpi
