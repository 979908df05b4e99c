#include "launcher/binding/bind_rank.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/base/error.h"
#include "launcher/binding/hwloc_machine.h"
#include "launcher/cuda_support.h"
#include "launcher/device_choice.h"

namespace convoy {
namespace {

constexpr size_t kMostProcessors = 8192;

// What ranks of a machine tell each other, as bytes.
struct Place {
  std::array<char, kMostProcessors> allowed = {}, near_its_gpu = {};  // 1: this processor
};

void mark(std::array<char, kMostProcessors>& marks, const std::vector<int>& processors) {
  for (const int processor : processors) marks.at(static_cast<size_t>(processor)) = 1;
}
std::vector<int> marked(const std::array<char, kMostProcessors>& marks) {
  std::vector<int> processors;
  for (size_t i = 0; i < marks.size(); ++i)
    if (marks[i] != 0) processors.push_back(static_cast<int>(i));
  return processors;
}

// The GPU of a local rank; without path and processors where there is none.
AttachedDevice gpu_of(const Config& config, const HwlocMachine& machine, int local_rank) {
  if (config.device == DeviceChoice::cpu) return {};
  const int devices = cuda_support().devices;
  return devices == 0 ? AttachedDevice{} : machine.find_pci_device(cuda_pci_address(local_rank % devices));
}

// As the launcher's environment tells it, before MPI does.
int local_rank_before_mpi() {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID", "MPI_LOCALRANKID", "PMIX_LOCAL_RANK"})
    if (const char* rank = std::getenv(name)) return std::max(0, std::atoi(rank));
  return 0;
}

const char* words_for(BindingReason reason) {
  switch (reason) {
    case BindingReason::share:
      return "its share of the cores";
    case BindingReason::alone:
      return "alone on its cores";
    case BindingReason::too_few_cores:
      return "not bound: fewer than two cores a rank, which the system shares out better";
    case BindingReason::overlaps_others:
      return "not bound: the launcher's own binding overlaps";
  }
  return "";
}

}  // namespace

std::string bind_rank(const Config& config, Communicator& communicator) {
  if (config.parallel.bind == Bind::none) return "not bound: parallel.bind is none";
  if (communicator.size() == 1) return words_for(BindingReason::alone);
  const HwlocMachine machine;
  const std::unique_ptr<Communicator> neighbours = communicator.machine_ranks();
  Place mine;
  mark(mine.allowed, usable_processors());
  mark(mine.near_its_gpu, gpu_of(config, machine, communicator.local_rank()).processors);
  std::vector<Place> told(static_cast<size_t>(neighbours->size()));
  neighbours->all_gather_host(told.data(), &mine, sizeof mine);
  std::vector<RankPlace> places;
  for (const Place& place : told) places.push_back({marked(place.allowed), marked(place.near_its_gpu)});
  const auto me = static_cast<size_t>(neighbours->rank());
  const RankBinding binding = bind_ranks(machine.describe(), places)[me];
  if (binding.reason != BindingReason::share) return words_for(binding.reason);
  const std::string refusal = machine.bind_process(binding.processors);
  return refusal.empty() ? words_for(binding.reason) : "not bound: " + refusal;
}

std::string choose_network(const Config& config) {
  // Looking at the whole machine takes a while; most have no RDMA devices at all.
  std::error_code ignored;
  if (config.parallel.bind == Bind::none || !std::filesystem::exists("/sys/class/infiniband", ignored)) return {};
  const HwlocMachine machine;
  const int local_rank = local_rank_before_mpi();
  const MachineTopology topology = machine.describe();
  const int chosen = choose_rdma_device(topology, gpu_of(config, machine, local_rank).path, local_rank);
  if (chosen < 0) return {};
  const std::string name = topology.rdma_devices[static_cast<size_t>(chosen)].name;
  ::setenv("NCCL_IB_HCA", ("=" + name).c_str(), 0);  // "=": this name, not all that begin with it
  ::setenv("UCX_NET_DEVICES", (name + ":1").c_str(), 0);
  return name;
}

}  // namespace convoy
