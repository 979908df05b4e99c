#include "comm/hang/machine_scribe.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "core/base/files.h"
#include "core/base/logging.h"

namespace convoy::hang {
namespace {

using Duty = NodeBoard::Duty;

// How long the end of a run waits for the file system to let the thread go.
constexpr Seconds kFarewell(5);
// After so many periods another rank of the machine writes, and not before this: the file system may be slow.
constexpr double kMissedTurns = 3;
constexpr Seconds kLeastTurn(4);

bool writes_first(const WatchedJob& job) { return job.board->slot() == 0; }

NodeSummary summary_now(const WatchedJob& job, uint64_t number) {
  return {.number = number, .idle_s = job.idle().count(), .ranks = job.neighbours()};
}

}  // namespace

std::optional<std::string> read_verdict(const WatchedJob& job) {
  // Opened anew each time, and made when the run began: network file systems look for changes by others when a file is
  // opened, and remember for long that there was none.
  job.options.before_open(job.verdict_file());
  const std::string text = read_file(job.verdict_file());
  const size_t end = text.find('\n');  // of the first, where two have judged
  return end == std::string::npos ? std::nullopt : std::optional(text.substr(0, end));
}

MachineScribe::MachineScribe(std::shared_ptr<const WatchedJob> job) : desk_(std::make_shared<Desk>()) {
  desk_->job = std::move(job);
  if (writes_first(*desk_->job)) {
    const std::filesystem::path path = desk_->job->summary_of(desk_->job->machines.own);
    desk_->job->options.before_open(path);
    desk_->file.emplace(SummaryFile::create(path, summary_now(*desk_->job, 0)));
  }
  thread_ = std::thread([desk = desk_] { keep_writing(*desk); });
}

MachineScribe::~MachineScribe() {
  std::unique_lock lock(desk_->mutex);
  desk_->stop = true;
  desk_->wake.notify_all();
  const bool over = desk_->wake.wait_for(lock, kFarewell, [this] { return desk_->over; });
  lock.unlock();
  over ? thread_.join() : thread_.detach();
  if (!over || !writes_first(*desk_->job)) return;
  const WatchedJob& job = *desk_->job;
  ::unlink(job.summary_of(job.machines.own).c_str());
  if (job.machines.own == 0) ::unlink(job.verdict_file().c_str());
  ::rmdir(job.folder().c_str());  // by whoever is the last
}

void MachineScribe::keep_writing(Desk& desk) {
  std::unique_lock lock(desk.mutex);
  for (bool goes_on = true; goes_on && !desk.wake.wait_for(lock, desk.job->period(), [&] { return desk.stop; });) {
    lock.unlock();
    goes_on = try_to_tend(desk);
    lock.lock();
  }
  desk.over = true;
  desk.wake.notify_all();
}

// False: there is nothing left to do.
bool MachineScribe::try_to_tend(Desk& desk) try {
  tend(desk);
  return true;
} catch (const FileError& error) {
  if (error.error_number() == ENOENT) return false;  // the run ends, and whoever was first to leave has removed it
  if (!std::exchange(desk.warned, true))
    logging::warn("other machines cannot see what this one's ranks do: {}", error.what());
  return true;
}

void MachineScribe::tend(Desk& desk) {
  const WatchedJob& job = *desk.job;
  const Seconds idle = job.idle(), timeout(job.options.timeout_s);
  // A little less than the period, or every other look would come a moment too early.
  const Seconds pause = 0.9 * (idle > timeout / 4 ? job.period() : job.calm_period());
  const Seconds turn = std::max(kMissedTurns * job.calm_period(), kLeastTurn);
  if (job.board->take(Duty::summary, writes_first(job) ? pause : turn)) {
    if (!desk.file) {
      const std::filesystem::path path = job.summary_of(job.machines.own);
      job.options.before_open(path);
      desk.file.emplace(SummaryFile::open(path));
      desk.number = static_cast<uint64_t>(machine_now_us());  // beyond what the other one has written
    }
    desk.file->write(summary_now(job, ++desk.number));
  }
  if (idle < timeout / 2 || job.board->verdict() || !job.board->take(Duty::look, pause)) return;
  if (const auto verdict = read_verdict(job)) job.board->put_verdict(*verdict);
}

}  // namespace convoy::hang
