#include "comm/hang/hang_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "comm/failure_report.h"
#include "comm/hang/inquest.h"
#include "core/base/logging.h"

namespace convoy::hang {
namespace {

using Duty = NodeBoard::Duty;

// How long a rank that has spoken waits for the other machines to do so, at most, and for the report before that.
constexpr Seconds kLongestLinger(1.5), kReport(3);
// Between looks at memory.
constexpr std::chrono::milliseconds kGlance(10);
// A rank that does not wait leaves its machine's line to those that do for so many looks.
constexpr int kCourtesy = 2;

[[noreturn]] void stay() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

Seconds since(std::chrono::steady_clock::time_point begin) { return std::chrono::steady_clock::now() - begin; }

// In a thread that is left behind where the file system does not come back.
void begin_inquest(std::shared_ptr<const WatchedJob> job, bool takes_over) try {
  std::thread([job = std::move(job), takes_over] { hold_inquest(*job, takes_over); }).detach();
} catch (const std::system_error& error) {
  logging::warn("the ranks cannot be compared, for want of a thread: {}", error.what());
}

}  // namespace

HangWatch::HangWatch(int rank, int size)
    : rank_(rank), size_(size), publisher_(std::make_shared<StatePublisher>(rank, size)) {}

HangWatch::~HangWatch() {
  if (!begun_) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (heart_.joinable()) heart_.join();
  scribe_.reset();
  publisher_->withdraw();
}

void HangWatch::begin(Communicator& world, const HangOptions& options) {
  const auto job = join_job(world, options);
  publisher_->publish_on(job->board);
  publisher_->beat();
  world.barrier_host();
  job_ = job;
  begun_ = true;
  heart_ = std::thread([this] { keep_beating(); });
  if (job->several()) scribe_.emplace(job);
}

void HangWatch::keep_beating() {
  for (std::unique_lock lock(mutex_); !wake_.wait_for(lock, job_->period(), [this] { return stop_; });) {
    lock.unlock();
    publisher_->beat();
    say_if_judged();
    lock.lock();
  }
}

// The line of a machine none of whose watchdogs has fired. If this rank waits as well, it says so as its watchdog would
// have.
void HangWatch::say_if_judged() {
  const auto verdict = job_->board->verdict();
  if (!verdict || telling_ || ++looks_at_verdict_ <= kCourtesy) return;
  const Sight me{publisher_->state(), Life::beating};
  const LaneState* waiting = me.state->oldest_in_flight();
  say(waiting == nullptr
          ? fmt::format("the job hangs, this rank is {}", doing(me, {}, now_us()))
          : fmt::format("{} has been waiting for {:.1f} s, another rank longer than parallel.timeout_s = {}",
                        describe_unnumbered(waiting->last),
                        static_cast<double>(now_us() - waiting->last.entered_us) / 1e6, job_->options.timeout_s),
      *verdict);
}

void HangWatch::say(const std::string& situation, const std::string& verdict) {
  if (!job_->board->say_first()) return;
  report_failure(rank_, fmt::format("{}. Diagnosis: {}. All ranks are compared in {}", situation, verdict,
                                    job_->report().string()));
}

bool HangWatch::tell(const CollectiveRecord& stuck, double timeout_s) {
  if (!begun_) return false;
  if (telling_.exchange(true)) stay();
  const WatchedJob& job = *job_;
  const auto begin = std::chrono::steady_clock::now();
  while (!job.board->verdict()) {
    if (since(begin) > job.patience()) return false;
    const bool takes_over = since(begin) > job.patience() / 3;
    if (job.board->take(Duty::inquest, job.patience() / 2)) begin_inquest(job_, takes_over);
    std::this_thread::sleep_for(kGlance);
  }
  say(fmt::format("{} has been waiting for {:.1f} s, longer than parallel.timeout_s = {}", describe(stuck),
                  since(stuck.entered).count(), timeout_s),
      *job.board->verdict());
  const auto said = std::chrono::steady_clock::now();
  while (!job.board->case_closed() && since(said) < kReport) std::this_thread::sleep_for(kGlance);
  std::this_thread::sleep_for(std::min(kLongestLinger, 3 * job.period()));
  return true;
}

}  // namespace convoy::hang
