#include "launcher/binding/cpu_quota.h"

#include <algorithm>
#include <fstream>

#include "launcher/binding/control_groups.h"

namespace convoy {
namespace {

double quota_in(const std::filesystem::path& folder, bool v2) {
  double quota = 0, period = 0;
  if (v2)
    std::ifstream(folder / "cpu.max") >> quota >> period;  // "max 100000" leaves both at 0
  else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;  // -1: no limit
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

}  // namespace

std::vector<CpuQuota> cpu_quotas(const std::filesystem::path& root) {
  std::vector<CpuQuota> quotas;
  for (const ControlGroup& group : control_groups("cpu", root))
    if (const double cpus = quota_in(group.folder, group.is_v2); cpus > 0)
      quotas.push_back({cpus, group.folder.string()});
  return quotas;
}

double quota_share(const std::vector<CpuQuota>& mine, const std::vector<std::vector<CpuQuota>>& others) {
  double smallest = 0;
  for (const CpuQuota& quota : mine) {
    const auto is_under = [&](const std::vector<CpuQuota>& other) {
      return std::any_of(other.begin(), other.end(), [&](const CpuQuota& q) { return q.folder == quota.folder; });
    };
    const double users = 1 + static_cast<double>(std::count_if(others.begin(), others.end(), is_under));
    if (smallest == 0 || quota.cpus / users < smallest) smallest = quota.cpus / users;
  }
  return smallest;
}

}  // namespace convoy
