#include "launcher/doctor/doctor_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "comm/failure_report.h"
#include "comm/mpi/launch_environment.h"
#include "launcher/binding/bind_rank.h"
#include "launcher/device_choice.h"
#include "launcher/doctor/machine_facts.h"

namespace convoy {
namespace {

// Every rank's view, one line of text each, so that ranks need no common struct layout of strings.
std::vector<RankView> gather_views(Communicator& communicator, const std::string& network) {
  RankView mine;
  mine.binding = bind_rank(Config(), communicator);
  mine.network = network;
  mine.rank = communicator.rank();
  mine.local_rank = communicator.local_rank();
  mine.host = host_name();
  mine.processors = processor_ranges(usable_processors());
  mine.processor_count = static_cast<int>(usable_processors().size());
  mine.threads = threads_per_rank(Config(), communicator);
  std::vector<RankView> views;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    RankView view = mine;
    view.host = communicator.broadcast_text(mine.host, rank);
    view.processors = communicator.broadcast_text(mine.processors, rank);
    view.binding = communicator.broadcast_text(mine.binding, rank);
    view.network = communicator.broadcast_text(mine.network, rank);
    int numbers[] = {mine.local_rank, mine.processor_count, mine.threads};
    communicator.broadcast_host(numbers, sizeof numbers, rank);
    view.rank = rank;
    view.local_rank = numbers[0];
    view.processor_count = numbers[1];
    view.threads = numbers[2];
    views.push_back(view);
  }
  return views;
}

std::map<std::string, std::vector<RankView>> by_host(const std::vector<RankView>& ranks) {
  std::map<std::string, std::vector<RankView>> hosts;
  for (const RankView& rank : ranks) hosts[rank.host].push_back(rank);
  return hosts;
}

std::string launcher_text(const mpi::LaunchEnvironment& launch) {
  if (launch.evidence.empty()) return "none: one process, no mpirun needed";
  return fmt::format("{} ({})", mpi::name_of(launch.launcher), launch.evidence);
}

std::string rank_lines(const std::vector<RankView>& ranks) {
  std::string text;
  for (const RankView& rank : ranks)
    text += fmt::format("  rank {}: host {}, local rank {}, processors {} ({}), {} {}{}\n", rank.rank, rank.host,
                        rank.local_rank, rank.processors, rank.binding, rank.threads,
                        rank.threads == 1 ? "thread" : "threads",
                        rank.network.empty() ? "" : ", network device " + rank.network);
  return text;
}

std::string list(const char* title, const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += fmt::format("{}{}\n", title, item);
  return text;
}

}  // namespace

std::vector<std::string> rank_problems(const std::vector<RankView>& ranks) {
  std::vector<std::string> problems;
  for (const auto& [host, views] : by_host(ranks)) {
    std::map<int, int> seen;
    for (const RankView& view : views)
      if (const auto [first, is_new] = seen.emplace(view.local_rank, view.rank); !is_new)
        problems.push_back(
            fmt::format("ranks {} and {} both have local rank {} on host {}; they would use the same GPU: start all "
                        "ranks of a host "
                        "by one mpirun or srun",
                        first->second, view.rank, view.local_rank, host));
  }
  return problems;
}

std::vector<std::string> rank_hints(const std::vector<RankView>& ranks) {
  std::vector<std::string> hints;
  for (const auto& [host, views] : by_host(ranks)) {
    const RankView& first = views.front();
    const auto like_first = [&first](const RankView& view) { return view.processors == first.processors; };
    if (std::all_of(views.begin(), views.end(), like_first) &&
        static_cast<size_t>(first.processor_count) < views.size())
      hints.push_back(fmt::format(
          "{} ranks share {} {} on host {}: they take turns; fewer ranks, or mpirun --bind-to none, are faster",
          views.size(), first.processor_count, first.processor_count == 1 ? "processor" : "processors", host));
  }
  return hints;
}

DoctorReport examine(Communicator& communicator, const std::string& mismatch, const std::string& network) {
  const std::vector<RankView> ranks = gather_views(communicator, network);
  DoctorReport report;
  if (!mismatch.empty()) report.problems.push_back(mismatch);
  report.text = machine_facts(report.problems);
  for (std::string& problem : rank_problems(ranks)) report.problems.push_back(std::move(problem));
  report.text += fmt::format("launcher  {}\nranks     {}\n{}", launcher_text(mpi::launch_environment()), ranks.size(),
                             rank_lines(ranks));
  report.text += list("hint      ", rank_hints(ranks));
  report.text += list("problem   ", report.problems);
  if (report.problems.empty()) report.text += "result    all is well\n";
  return report;
}

}  // namespace convoy
