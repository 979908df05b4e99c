// How much processor time the control groups (cgroups(7)) of this process leave it, as containers and batch systems set
// it: a group may use `quota` microseconds in each `period`, however many processors it may run on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace convoy {

struct CpuQuota {
  double cpus = 0;     // quota / period
  std::string folder;  // of the group that has it
  bool operator==(const CpuQuota&) const = default;
};

// Of this process's group and of those around it, up to what is mounted: cpu.max of version 2, cpu.cfs_quota_us of
// version 1. Without those that have no limit. What cannot be read is no limit. root: of the file system.
std::vector<CpuQuota> cpu_quotas(const std::filesystem::path& root = "/");

// The smallest share of a process's quotas, where each is divided among the processes that are under it; 0: no quota.
// others: of the other processes on this machine.
double quota_share(const std::vector<CpuQuota>& mine, const std::vector<std::vector<CpuQuota>>& others);

}  // namespace convoy
