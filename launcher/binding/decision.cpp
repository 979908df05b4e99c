#include "launcher/binding/decision.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace convoy {
namespace {

using Processors = std::vector<int>;

Processors common(const Processors& a, const Processors& b) {
  Processors both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

// The cores' processors that are among these; cores without any are left out.
std::vector<Processors> cores_within(const MachineTopology& machine, const Processors& allowed) {
  std::vector<Processors> cores;
  for (const Processors& core : machine.cores)
    if (Processors part = common(core, allowed); !part.empty()) cores.push_back(std::move(part));
  return cores;
}

using Members = std::vector<size_t>;  // indices of ranks

// Neighbouring cores to each, as evenly as they go.
void divide(const std::vector<Processors>& cores, const Members& members, std::vector<RankBinding>& bindings) {
  for (size_t i = 0; i < members.size(); ++i) {
    RankBinding& binding = bindings[members[i]];
    binding = {{}, BindingReason::share};
    const size_t end = (i + 1) * cores.size() / members.size();
    for (size_t core = i * cores.size() / members.size(); core < end; ++core)
      binding.processors.insert(binding.processors.end(), cores[core].begin(), cores[core].end());
    std::sort(binding.processors.begin(), binding.processors.end());
  }
}

// Ranks by the processors near their GPUs. One group of all, if they are unknown to some or if groups would not each
// have cores of their own, enough of them.
std::map<Processors, Members> groups_by_gpu(const MachineTopology& machine, const Processors& allowed,
                                            const std::vector<RankPlace>& ranks, const Members& members) {
  const std::map<Processors, Members> all_together{{allowed, members}};
  std::map<Processors, Members> groups;
  for (const size_t rank : members) groups[common(ranks[rank].near_its_gpu, allowed)].push_back(rank);
  Processors seen;
  for (const auto& [near, group] : groups) {
    if (cores_within(machine, near).size() < group.size() || !common(near, seen).empty()) return all_together;
    seen.insert(seen.end(), near.begin(), near.end());
    std::sort(seen.begin(), seen.end());
  }
  return groups;
}

void bind_those_that_share(const MachineTopology& machine, const Processors& allowed,
                           const std::vector<RankPlace>& ranks, const Members& members,
                           std::vector<RankBinding>& bindings) {
  if (cores_within(machine, allowed).size() < 2 * members.size()) {
    for (const size_t rank : members) bindings[rank].reason = BindingReason::too_few_cores;
    return;
  }
  for (const auto& [near, group] : groups_by_gpu(machine, allowed, ranks, members))
    divide(cores_within(machine, near), group, bindings);
}

size_t length_in_common(const std::vector<int>& a, const std::vector<int>& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return static_cast<size_t>(end - a.begin());
}

}  // namespace

std::vector<RankBinding> bind_ranks(const MachineTopology& machine, const std::vector<RankPlace>& ranks) {
  std::vector<RankBinding> bindings(ranks.size());
  std::map<Processors, Members> by_allowed;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    bindings[rank].processors = ranks[rank].allowed;
    by_allowed[ranks[rank].allowed].push_back(rank);
  }
  for (const auto& [allowed, members] : by_allowed) {
    const bool overlaps = std::any_of(by_allowed.begin(), by_allowed.end(), [&allowed = allowed](const auto& other) {
      return other.first != allowed && !common(other.first, allowed).empty();
    });
    if (overlaps)
      for (const size_t rank : members) bindings[rank].reason = BindingReason::overlaps_others;
    else if (members.size() > 1)
      bind_those_that_share(machine, allowed, ranks, members, bindings);
  }
  return bindings;
}

int choose_rdma_device(const MachineTopology& machine, const std::vector<int>& gpu_path, int local_rank) {
  const auto& devices = machine.rdma_devices;
  if (devices.size() < 2) return -1;
  std::vector<int> nearest;
  size_t most = 0;
  for (size_t i = 0; i < devices.size(); ++i) {
    const size_t length = length_in_common(devices[i].path, gpu_path);
    if (length > most) nearest.clear();
    if (length >= most) nearest.push_back(static_cast<int>(i));
    most = std::max(most, length);
  }
  return nearest[static_cast<size_t>(local_rank) % nearest.size()];
}

}  // namespace convoy
