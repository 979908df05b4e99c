#include "comm/hang/watched_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/base/files.h"
#include "core/base/logging.h"
#include "core/comm/work_together.h"

namespace convoy::hang {
namespace {

// A rank is silent after so many of its heartbeats, and after this long at least.
constexpr double kMissedBeats = 3;
constexpr Seconds kLeastSilence(0.2);

// The kernel's word for a process of this machine: 'R' running, 'T' stopped, 'Z' ended; 0 if there is none.
char process_state(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

Life life_of(const RankState& state, const RankState* me, Seconds silence) {
  if (me != nullptr && state.rank == me->rank) return Life::beating;
  if (me != nullptr && state.host == me->host && state.pid_space == me->pid_space) {
    const char process = process_state(state.pid);
    if (process == '\0' || process == 'Z' || process == 'X') return Life::gone;
    if (process == 'T' || process == 't') return Life::stopped;
  }
  const Seconds since_beat = std::chrono::microseconds(machine_now_us() - state.machine_beat_us);
  return since_beat > silence ? Life::silent : Life::beating;
}

Machines find_machines(Communicator& world, Communicator& machine) {
  Machines machines{.rank = world.rank(), .size = world.size(), .own = world.rank(), .all = {}};
  machine.broadcast_host(&machines.own, sizeof machines.own, 0);
  machines.all.resize(static_cast<size_t>(world.size()));
  world.all_gather_host(machines.all.data(), &machines.own, sizeof machines.own);
  std::sort(machines.all.begin(), machines.all.end());
  machines.all.erase(std::unique(machines.all.begin(), machines.all.end()), machines.all.end());
  return machines;
}

// One machine needs no folder.
void clear_folder(const WatchedJob& job) {
  std::error_code ignored;
  std::filesystem::remove_all(job.folder(), ignored);
  if (!job.several()) return;
  make_folder(job.folder());
  File::create(job.verdict_file());
}

}  // namespace

Seconds WatchedJob::period() const { return Seconds(std::clamp(options.timeout_s / 10, 0.005, 1.0)); }

Seconds WatchedJob::calm_period() const { return std::max(period(), Seconds(std::min(options.timeout_s / 20, 5.0))); }

Seconds WatchedJob::patience() const { return Seconds(9 + 0.02 * static_cast<double>(machines.all.size())); }

std::filesystem::path WatchedJob::summary_of(int machine) const {
  return folder() / fmt::format("machine-{:05}.state", machine);
}

std::vector<Sight> WatchedJob::neighbours() const {
  std::vector<Sight> ranks(static_cast<size_t>(board->slots()));
  for (int slot = 0; slot < board->slots(); ++slot)
    ranks[static_cast<size_t>(slot)].state = state_in(board->block(slot));
  const auto& mine = ranks[static_cast<size_t>(board->slot())].state;
  const Seconds silence = std::max(kMissedBeats * period(), kLeastSilence);
  for (Sight& sight : ranks)
    if (sight.state) sight.life = life_of(*sight.state, mine ? &*mine : nullptr, silence);
  return ranks;
}

Seconds WatchedJob::idle() const {
  int64_t last = begun_us;
  for (int slot = 0; slot < board->slots(); ++slot)
    if (const auto state = state_in(board->block(slot))) last = std::max(last, state->last_progress_us());
  return Seconds(std::chrono::microseconds(std::max(now_us() - last, int64_t{0})));
}

std::shared_ptr<const WatchedJob> join_job(Communicator& world, const HangOptions& options) {
  const auto machine = world.machine_ranks();
  const auto job = std::make_shared<WatchedJob>(WatchedJob{
      .options = options, .machines = find_machines(world, *machine), .board = std::make_shared<NodeBoard>(*machine)});
  work_together(world, {"preparing the watch for hangs", 0, {}}, [&] {
    try {
      if (world.rank() == 0) clear_folder(*job);
    } catch (const FileError& error) {
      logging::warn("a collective that hangs will be told by each machine for itself: {}", error.what());
    }
  });
  return job;
}

}  // namespace convoy::hang
