// Which device a rank computes on, and with how many threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/comm/communicator.h"
#include "core/config/config.h"
#include "core/device/device.h"

namespace convoy {

// The kind that the config, this build and this machine allow. Throws ConfigError, with the reason and the remedy,
// where cuda is asked for and not to be had.
DeviceKind choose_device(DeviceChoice choice);

// The processors (hardware threads) that this process may run on, by the kernel's numbers.
std::vector<int> usable_processors();
std::string processor_ranges(const std::vector<int>& processors);  // "0-3,8"

// A processor that k processes may use counts 1/k for each of them; at least 1. others: of the other processes.
int thread_share(const std::vector<int>& mine, const std::vector<std::vector<int>>& others);

// As many threads as can run at a time: on processors, within a quota of so many processors' time (0: none), which is
// rounded up. At least 1.
int threads_within(int processors, double quota);

// Of this process alone: "2 processors", "2 processors, of whose time its cgroup may use 1.5 (/sys/fs/cgroup/job)".
std::string processors_text();

// parallel.threads, or this rank's share of the machine: all its processors if mpirun or Slurm bound the rank to some
// of its own, an equal part of those it shares with other ranks, and no more than its share of the quotas of its
// control groups. Rank 0 warns where parallel.threads is more than that quota. Collective.
int threads_per_rank(const Config& config, Communicator& communicator);

// Collective. The device of this rank, bound as parallel.bind says and its threads set: with CUDA the one whose number
// is the local rank. Throws ConfigError if two ranks would share a GPU. Rank 0 logs why a build with CUDA computes on
// the CPU.
std::unique_ptr<Device> make_device(const Config& config, Communicator& communicator);
// The CUDA device of this rank: its local rank, counted round where a rank sees fewer (Slurm may show each its own).
int cuda_ordinal(Communicator& communicator);

}  // namespace convoy
