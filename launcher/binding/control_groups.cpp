#include "launcher/binding/control_groups.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

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
std::optional<Hierarchy> hierarchy_from(const std::string& line, std::string_view controller) {
  std::istringstream words(line);
  std::string skipped, mounted, at, type, source, options;
  words >> skipped >> skipped >> skipped >> mounted >> at;
  while (words >> skipped && skipped != "-") {
  }
  words >> type >> source >> options;
  if (type == "cgroup2") return Hierarchy{true, unescaped(mounted), unescaped(at)};
  if (type == "cgroup" && has_word(options, controller)) return Hierarchy{false, unescaped(mounted), unescaped(at)};
  return std::nullopt;
}

// proc(5): ID:CONTROLLERS:GROUP, of which version 2 has no controllers. Empty: in no group of the hierarchy.
std::string group_in(const std::filesystem::path& root, bool v2, std::string_view controller) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : has_word(controllers, controller)) return line.substr(second + 1);
  }
  return {};
}

// A container sees its own group mounted, whatever it is called outside.
std::filesystem::path inside_mount(const Hierarchy& hierarchy, const std::string& group) {
  if (hierarchy.mounted == "/") return group;
  if (group == hierarchy.mounted || group.starts_with(hierarchy.mounted + "/"))
    return "/" + group.substr(hierarchy.mounted.size());
  return "/";
}

}  // namespace

std::vector<ControlGroup> control_groups(std::string_view controller, const std::filesystem::path& root) {
  std::vector<ControlGroup> groups;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto hierarchy = hierarchy_from(line, controller);
    const std::string group = hierarchy ? group_in(root, hierarchy->is_v2, controller) : std::string();
    if (group.empty()) continue;
    const std::filesystem::path at = root / hierarchy->at.relative_path();
    std::filesystem::path inside = inside_mount(*hierarchy, group).lexically_normal();
    for (; inside.has_relative_path(); inside = inside.parent_path())
      groups.push_back({(at / inside.relative_path()).lexically_normal(), hierarchy->is_v2});
    groups.push_back({at.lexically_normal(), hierarchy->is_v2});
  }
  return groups;
}

}  // namespace convoy
