// The communicator of all ranks: MPI's if several processes were started together, otherwise the local one, so that a
// single process needs no MPI at run time.
#pragma once

#include <filesystem>
#include <memory>

#include "core/comm/communicator.h"
#include "core/device/device.h"

namespace convoy {

enum class CommunicatorKind { automatic, local, mpi };

struct CommunicatorOptions {
  CommunicatorKind kind = CommunicatorKind::automatic;
  double timeout_s = 120;  // parallel.timeout_s; 0: never
};

// Once per process. Throws ConfigError if a launcher started several processes that do not find each other.
std::unique_ptr<Communicator> make_communicator(const CommunicatorOptions& options = {});

// From now on every rank of a world that make_communicator made lets the others see what it does, in memory of its
// machine and, where there are several, in RUN/ranks, so that a collective that hangs is told with its culprit
// (comm/hang/hang_watch.h). Nothing for a single process, or with timeout_s 0. Collective. Machines that cannot write
// there log a warning and go on without.
void watch_for_hangs(Communicator& world, const std::filesystem::path& run_folder, double timeout_s);

struct DeviceCommunicatorOptions {
  DeviceKind device = DeviceKind::cpu;  // where tensors lie
  int cuda_ordinal = 0;                 // this rank's CUDA device, among those its process sees
  double timeout_s = 120;               // parallel.timeout_s; 0: never
};

// The same ranks with collectives on tensors of that device, once the device is chosen, by host.local_rank() as a rule.
// Null where host's own collectives do: on the CPU, and on any device with one rank. Otherwise NCCL's, which hands host
// operations to host. Collective over host, which outlives the result. Throws the same on every rank: ConfigError if
// this build has no NCCL or two ranks share a GPU, TimeoutError if NCCL does not connect the ranks in time.
std::unique_ptr<Communicator> make_device_communicator(Communicator& host, const DeviceCommunicatorOptions& options);

}  // namespace convoy
