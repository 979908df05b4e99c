#include "comm/hang/hang_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <future>
#include <system_error>

#include "comm/failure_report.h"
#include "comm/hang/hang_report.h"
#include "core/base/files.h"
#include "core/base/logging.h"

namespace convoy::hang {
namespace {

using Seconds = std::chrono::duration<double>;

// How long the folder may take to be read, before this rank does without.
constexpr Seconds kReading(4);
// How long a rank that has spoken waits for the others to do so, at most.
constexpr Seconds kLongestLinger(1.5);
// Heartbeats are compared over this many of their periods.
constexpr double kComparedPeriods = 3;

std::filesystem::path states_in(const std::filesystem::path& run) { return run / "ranks"; }
std::filesystem::path verdict_in(const std::filesystem::path& states) { return states / "verdict"; }
std::filesystem::path report_in(const std::filesystem::path& run) { return run / "hang-report.txt"; }

// The kernel's word for a process of this host: 'R' running, 'T' stopped, 'Z' ended; 0 if there is none.
char process_state(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

// Puts the text under the name unless another was faster; true if it is ours.
bool claim(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path mine = path;
  mine += fmt::format(".{}.{}", host_name(), ::getpid());
  write_file_atomically(mine, text);
  const bool first = ::link(mine.c_str(), path.c_str()) == 0;
  const int error_number = errno;
  ::unlink(mine.c_str());
  if (!first && error_number != EEXIST) throw FileError("link", path, error_number);
  return first;
}

// Work on a file system that may never come back: abandoned after a while, false then.
bool finishes_within(Seconds limit, std::function<void()> work) {
  const auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  try {
    std::thread([done, work = std::move(work)] {
      try {
        work();
        done->set_value();
      } catch (const std::exception& error) {
        logging::warn("the ranks could not be compared: {}", error.what());
        done->set_exception(std::current_exception());
      }
    }).detach();
  } catch (const std::system_error& error) {
    logging::warn("the ranks could not be compared, for want of a thread: {}", error.what());
    return false;
  }
  if (finished.wait_for(limit) != std::future_status::ready) return false;
  try {
    finished.get();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

[[noreturn]] void stay() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
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
  heart_.join();
  publisher_->withdraw();
  ::rmdir(folder_.c_str());  // by whoever is the last
}

void HangWatch::clear(const HangOptions& options) const {
  make_folder(states_in(options.run_folder));
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(states_in(options.run_folder), ignored))
    std::filesystem::remove(entry.path(), ignored);
}

void HangWatch::begin(const HangOptions& options) {
  options_ = options;
  folder_ = states_in(options.run_folder);
  if (options.timeout_s > 0) period_ = Seconds(std::clamp(options.timeout_s / 10, 0.005, 1.0));
  make_folder(folder_);  // rank 0 has made it, unless this host has folders of its own
  publisher_->publish_in(state_path(folder_, rank_));
  publisher_->beat(options_.several_hosts);
  heart_ = std::thread([this] { keep_beating(); });
  begun_ = true;
}

void HangWatch::keep_beating() {
  for (std::unique_lock lock(mutex_); !wake_.wait_for(lock, period_, [this] { return stop_; });) {
    lock.unlock();
    publisher_->beat(options_.several_hosts);
    say_if_judged();
    lock.lock();
  }
}

// The line of a rank whose own watchdog has not fired. If it waits as well, it says so as its watchdog would have:
// which of a rank's threads is the first to look is chance.
void HangWatch::say_if_judged() {
  std::error_code ignored;
  if (said_ || telling_ || !std::filesystem::exists(verdict_in(folder_), ignored)) return;
  const Sight me{publisher_->state(), Life::beating};
  const LaneState* waiting = me.state->oldest_in_flight();
  const std::string situation =
      waiting == nullptr
          ? fmt::format("the job hangs, this rank is {}", doing(me, {}, now_us()))
          : fmt::format("{} has been waiting for {:.1f} s, another rank longer than parallel.timeout_s = {}",
                        describe_unnumbered(waiting->last),
                        static_cast<double>(now_us() - waiting->last.entered_us) / 1e6, options_.timeout_s);
  try {
    say(situation, read_file(verdict_in(folder_)));
  } catch (const FileError&) {  // whoever wrote it has told
  }
}

void HangWatch::say(const std::string& situation, const std::string& verdict) {
  if (said_.exchange(true)) return;
  report_failure(rank_, fmt::format("{}. Diagnosis: {}. All ranks are compared in {}", situation, verdict,
                                    report_in(options_.run_folder).string()));
}

std::vector<uint64_t> HangWatch::beats() const {
  std::vector<uint64_t> beats;
  for (int rank = 0; rank < size_; ++rank) {
    const auto state = read_state(state_path(folder_, rank));
    beats.push_back(state ? state->beats : 0);
  }
  return beats;
}

void HangWatch::look(const CollectiveRecord& oldest) {
  if (!begun_ || options_.timeout_s <= 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - oldest.entered < Seconds(options_.timeout_s) - kComparedPeriods * period_) return;
  const std::lock_guard lock(beats_mutex_);
  // Twice that: what was noted on the way to this timeout must still stand at the timeout.
  if (!beats_before_.empty() && now - beats_taken_ < 2 * kComparedPeriods * period_) return;
  const auto noted = std::make_shared<std::vector<uint64_t>>();
  if (!finishes_within(kReading, [this, noted] { *noted = beats(); })) return;
  beats_before_ = std::move(*noted);
  beats_taken_ = now;
}

Life HangWatch::life_of(const RankState& state) const {
  if (state.rank == rank_) return Life::beating;
  const RankState me = publisher_->state();
  if (state.host == me.host && state.pid_space == me.pid_space) {
    const char process = process_state(state.pid);
    if (process == '\0' || process == 'Z' || process == 'X') return Life::gone;
    if (process == 'T' || process == 't') return Life::stopped;
  }
  const std::lock_guard lock(beats_mutex_);
  const auto rank = static_cast<size_t>(state.rank);
  return rank < beats_before_.size() && state.beats == beats_before_[rank] ? Life::silent : Life::beating;
}

std::vector<Sight> HangWatch::look_around() const {
  std::vector<Sight> ranks(static_cast<size_t>(size_));
  for (int rank = 0; rank < size_; ++rank) {
    Sight& sight = ranks[static_cast<size_t>(rank)];
    sight.state = read_state(state_path(folder_, rank));
    if (sight.state) sight.life = life_of(*sight.state);
  }
  return ranks;
}

// Compares all ranks; whoever is first has its verdict believed by all, and writes the report.
std::string HangWatch::judge() const {
  const std::vector<Sight> ranks = look_around();
  const Sight& me = ranks[static_cast<size_t>(rank_)];
  const LaneState* stuck = me.state ? me.state->oldest_in_flight() : nullptr;
  if (stuck == nullptr) return "not to be found, since this rank waits no more";
  const int64_t now = now_us();
  const Diagnosis diagnosis = diagnose(ranks, stuck->name.view(), now);
  if (!claim(verdict_in(folder_), diagnosis.text)) return read_file(verdict_in(folder_));
  const std::string heading =
      fmt::format("{} has waited in {} for {:.1f} s, longer than parallel.timeout_s = {}", name_of(me, rank_),
                  describe(stuck->last), static_cast<double>(now - stuck->last.entered_us) / 1e6, options_.timeout_s);
  write_file_atomically(report_in(options_.run_folder),
                        hang_report(heading, diagnosis, ranks, stuck->name.view(), now));
  return diagnosis.text;
}

bool HangWatch::tell(const CollectiveRecord& stuck, double timeout_s) {
  if (!begun_) return false;
  if (telling_.exchange(true)) stay();
  const auto verdict = std::make_shared<std::string>();
  if (!finishes_within(kReading, [this, verdict] { *verdict = judge(); })) return false;
  say(fmt::format("{} has been waiting for {:.1f} s, longer than parallel.timeout_s = {}", describe(stuck),
                  Seconds(std::chrono::steady_clock::now() - stuck.entered).count(), timeout_s),
      *verdict);
  std::this_thread::sleep_for(std::min(kLongestLinger, 3 * period_));
  return true;
}

}  // namespace convoy::hang
