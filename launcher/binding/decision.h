// Which rank of a machine runs on which processors, and which network device it takes: decided from a small description
// of the machine, without touching it.
#pragma once

#include <string>
#include <vector>

namespace convoy {

// A device and where it hangs: the objects of the machine above it (socket, bridge, ...), outermost first, each a
// number of its own; and the processors near it, ascending.
struct AttachedDevice {
  std::string name;
  std::vector<int> path;
  std::vector<int> processors;
};

struct MachineTopology {
  std::vector<std::vector<int>> cores;       // processors of each core, neighbours beside each other
  std::vector<AttachedDevice> rdma_devices;  // "mlx5_0"
};

// One rank of this machine.
struct RankPlace {
  std::vector<int> allowed;       // processors that it may run on now, ascending
  std::vector<int> near_its_gpu;  // empty: no GPU, or nobody knows where it is
};

enum class BindingReason {
  share,            // of the processors that several ranks were allowed
  alone,            // no other rank may run there: the launcher bound it, or there is one rank only
  too_few_cores,    // fewer than two a rank: its loader and communication would take turns with its computing
  overlaps_others,  // the launcher gave ranks some processors in common, others not: left to it
};
struct RankBinding {
  std::vector<int> processors;  // as allowed, unless the reason is share
  BindingReason reason = BindingReason::alone;
};

// Ranks that may run on the same processors divide these: whole cores, no core twice, each rank near its GPU where
// there are cores enough, and all cores are used. ranks: all of this machine, in the order of their local ranks.
std::vector<RankBinding> bind_ranks(const MachineTopology& machine, const std::vector<RankPlace>& ranks);

// The index of the RDMA device nearest to the path of a rank's GPU; equally near ones are taken in turns by local rank.
// -1: there is no choice to make, with fewer than two.
int choose_rdma_device(const MachineTopology& machine, const std::vector<int>& gpu_path, int local_rank);

}  // namespace convoy
