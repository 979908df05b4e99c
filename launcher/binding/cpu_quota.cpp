#include "launcher/binding/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace convoy {
namespace {

struct Hierarchy {
  bool is_v2 = false;
  std::string mounted;  // the group that is seen at `at`
  std::filesystem::path at;
};

bool has_word(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string each; std::getline(words, each, ',');)
    if (each == word) return true;
  return false;
}

// mountinfo writes a space as \040.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && text.find_first_not_of("01234567", i + 1) >= std::min(i + 4, text.size());
    plain += escaped ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    if (escaped) i += 3;
  }
  return plain;
}

// proc(5): ID PARENT DEVICE ROOT MOUNT_POINT OPTIONS... - TYPE SOURCE SUPER_OPTIONS
std::optional<Hierarchy> hierarchy_from(const std::string& line) {
  std::istringstream words(line);
  std::string skipped, mounted, at, type, source, options;
  words >> skipped >> skipped >> skipped >> mounted >> at;
  while (words >> skipped && skipped != "-") {
  }
  words >> type >> source >> options;
  if (type == "cgroup2") return Hierarchy{true, unescaped(mounted), unescaped(at)};
  if (type == "cgroup" && has_word(options, "cpu")) return Hierarchy{false, unescaped(mounted), unescaped(at)};
  return std::nullopt;
}

// proc(5): ID:CONTROLLERS:GROUP, of which version 2 has no controllers. Empty: in no group of the hierarchy.
std::string group_in(const std::filesystem::path& root, bool v2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_word(controllers, "cpu")) return line.substr(second + 1);
  }
  return {};
}

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

// A container sees its own group mounted, whatever it is called outside.
std::filesystem::path inside_mount(const Hierarchy& hierarchy, const std::string& group) {
  if (hierarchy.mounted == "/") return group;
  if (group == hierarchy.mounted || group.starts_with(hierarchy.mounted + "/"))
    return "/" + group.substr(hierarchy.mounted.size());
  return "/";
}

void add_quotas(const std::filesystem::path& root, const Hierarchy& hierarchy, std::vector<CpuQuota>& quotas) {
  const std::string group = group_in(root, hierarchy.is_v2);
  if (group.empty()) return;
  for (std::filesystem::path inside = inside_mount(hierarchy, group).lexically_normal();;
       inside = inside.parent_path()) {
    const std::filesystem::path folder =
        (root / hierarchy.at.relative_path() / inside.relative_path()).lexically_normal();
    if (const double cpus = quota_in(folder, hierarchy.is_v2); cpus > 0) quotas.push_back({cpus, folder.string()});
    if (!inside.has_relative_path()) return;
  }
}

}  // namespace

std::vector<CpuQuota> cpu_quotas(const std::filesystem::path& root) {
  std::vector<CpuQuota> quotas;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto hierarchy = hierarchy_from(line)) add_quotas(root, *hierarchy, quotas);
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
