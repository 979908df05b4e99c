#include "comm/hang/inquest.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "comm/hang/hang_report.h"
#include "comm/hang/machine_scribe.h"
#include "comm/hang/node_summary.h"
#include "core/base/files.h"
#include "core/base/logging.h"

namespace convoy::hang {
namespace {

// Summaries read at a time: a file system that takes long for each answers many at once.
constexpr size_t kReaders = 64;
// A machine that is alive writes within so many periods.
constexpr double kDuePeriods = 4;

std::optional<NodeSummary> read_summary(const WatchedJob& job, int machine) try {
  const std::filesystem::path path = job.summary_of(machine);
  job.options.before_open(path);
  return unpack(read_file(path));
} catch (const FileError&) {
  return std::nullopt;
}

using Summaries = std::vector<std::optional<NodeSummary>>;

// In the order of the machines given.
Summaries read_summaries(const WatchedJob& job, const std::vector<int>& machines) {
  Summaries found(machines.size());
  std::atomic<size_t> next = 0;
  const auto read = [&] {
    for (size_t i = next++; i < machines.size(); i = next++) found[i] = read_summary(job, machines[i]);
  };
  std::vector<std::thread> readers;
  try {
    while (readers.size() + 1 < std::min(kReaders, machines.size())) readers.emplace_back(read);
  } catch (const std::system_error&) {  // as many as there may be
  }
  read();
  for (std::thread& reader : readers) reader.join();
  return found;
}

void put_in(std::vector<Sight>& ranks, const std::vector<Sight>& some) {
  for (const Sight& sight : some)
    if (sight.state && sight.state->rank >= 0 && static_cast<size_t>(sight.state->rank) < ranks.size())
      ranks[static_cast<size_t>(sight.state->rank)] = sight;
}

// A summary that was written long after the hang began is a sign of life. Where it was not, or half written when it was
// read, a second look a while later tells.
void look_twice(const WatchedJob& job, const std::vector<int>& machines, Seconds hang, Summaries& summaries) {
  std::vector<size_t> doubtful;
  std::vector<int> their_machines;
  for (size_t i = 0; i < summaries.size(); ++i)
    if (!summaries[i] || Seconds(summaries[i]->idle_s) < hang - kDuePeriods * job.period()) {
      doubtful.push_back(i);
      their_machines.push_back(machines[i]);
    }
  if (doubtful.empty()) return;
  std::this_thread::sleep_for(kDuePeriods * job.period());
  Summaries again = read_summaries(job, their_machines);
  for (size_t i = 0; i < doubtful.size(); ++i) {
    auto& known = summaries[doubtful[i]];
    const bool goes_on = again[i] && (!known || again[i]->number != known->number);
    if (again[i]) known = std::move(again[i]);
    if (!known || goes_on) continue;
    for (Sight& sight : known->ranks)
      if (sight.life == Life::beating) sight.life = Life::silent;
  }
}

std::vector<Sight> look_around(const WatchedJob& job, Seconds hang) {
  std::vector<Sight> ranks(static_cast<size_t>(job.machines.size));
  std::vector<int> others = job.machines.all;
  std::erase(others, job.machines.own);
  Summaries summaries = read_summaries(job, others);
  look_twice(job, others, hang, summaries);
  for (const auto& summary : summaries)
    if (summary) put_in(ranks, summary->ranks);
  put_in(ranks, job.neighbours());
  return ranks;
}

// Compares all ranks and tells what it finds; then there is time for the report.
void judge(const WatchedJob& job) {
  const auto me = state_in(job.board->block(job.board->slot()));
  const LaneState* stuck = me ? me->oldest_in_flight() : nullptr;
  if (stuck == nullptr) return job.board->put_verdict("not to be found, since this rank waits no more");
  const Seconds hang = std::chrono::microseconds(now_us() - stuck->last.entered_us);
  const std::vector<Sight> ranks = look_around(job, hang);
  const int64_t now = now_us();
  const Diagnosis diagnosis = diagnose(ranks, stuck->name.view(), now);
  job.board->put_verdict(diagnosis.text);
  if (job.several()) {
    job.options.before_open(job.verdict_file());
    File::append(job.verdict_file()).write(diagnosis.text + "\n");
  }
  const std::string heading =
      fmt::format("{} has waited in {} for {:.1f} s, longer than parallel.timeout_s = {}",
                  name_of(ranks[static_cast<size_t>(job.machines.rank)], job.machines.rank), describe(stuck->last),
                  static_cast<double>(now - stuck->last.entered_us) / 1e6, job.options.timeout_s);
  write_file_atomically(job.report(), hang_report(heading, diagnosis, ranks, stuck->name.view(), now));
}

// Among machines whoever is the first to make the file is the judge.
bool is_judge(const WatchedJob& job, int attempt) {
  if (!job.several()) return true;
  const std::filesystem::path path = job.folder() / fmt::format("judge-{}", attempt);
  try {
    job.options.before_open(path);
    File::create(path);
    return true;
  } catch (const FileError& error) {
    if (error.error_number() == EEXIST) return false;
    throw;
  }
}

// False where it has not come in time.
bool await_verdict(const WatchedJob& job) {
  const auto until = std::chrono::steady_clock::now() + job.patience() / 2;
  while (std::chrono::steady_clock::now() < until) {
    if (const auto verdict = read_verdict(job)) {
      job.board->put_verdict(*verdict);
      return true;
    }
    std::this_thread::sleep_for(job.period());
  }
  return false;
}

}  // namespace

void hold_inquest(const WatchedJob& job, bool takes_over) try {
  for (int attempt = 0;; ++attempt) {
    if (is_judge(job, attempt)) {
      judge(job);
      break;
    }
    const bool has_been_awaited = takes_over && attempt == 0;
    if (!has_been_awaited && await_verdict(job)) break;
  }
  job.board->close_case();
} catch (const std::exception& error) {
  logging::warn("the ranks could not all be compared: {}", error.what());
  job.board->close_case();
}

}  // namespace convoy::hang
